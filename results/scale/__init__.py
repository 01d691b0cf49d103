"""What a million and a billion photographs cost."""
