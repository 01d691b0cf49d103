"""Crops as learners want them: labels, pixels, channels, heads, the order of draws."""
