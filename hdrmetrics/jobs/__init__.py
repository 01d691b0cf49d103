"""One image, many files, a ranking: what is done with metrics by their common interface."""
