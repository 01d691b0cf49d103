"""Training of the learned predictors; run from a clone as ``python -m trainers``."""
