"""Enhancers: what makes photographs better, display-encoded pictures in and out."""
