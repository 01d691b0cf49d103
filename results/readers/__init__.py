"""Files read by this package and by others."""
