"""What the generated sets hold, and what making them costs."""
