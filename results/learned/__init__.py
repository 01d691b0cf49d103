"""How well the learned predictors know their teachers."""
