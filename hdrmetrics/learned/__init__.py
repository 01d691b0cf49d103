"""Learned predictors of quality: networks as data, their weights, and metrics made of them."""
