"""The operators against other programs."""
