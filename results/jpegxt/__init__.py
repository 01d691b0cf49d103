"""JPEG XT from JPEG layers against the reference software."""
