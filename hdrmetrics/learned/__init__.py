"""Learned no-reference and full-reference metrics: front ends, networks, weights with cards."""
