"""The scripts that make each claim again, run as modules: ``python -m results.x.y``."""
