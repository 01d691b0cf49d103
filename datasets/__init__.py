"""Generated distortion sets, run from a clone as ``python -m datasets``."""
