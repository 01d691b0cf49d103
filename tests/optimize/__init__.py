"""Settings tuned by quality."""
