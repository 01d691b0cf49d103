"""What stopped and busy jobs lose."""
