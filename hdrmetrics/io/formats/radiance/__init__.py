"""Radiance pictures."""
