"""Where something is wrong, as pictures."""
