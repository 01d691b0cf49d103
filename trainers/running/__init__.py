"""What keeps a run going, and what it says of itself."""
