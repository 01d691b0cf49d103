"""JPEG, and what cameras put behind it."""
