"""How well tone mapping tunes itself: per picture, and in one pass."""
