"""Equality with TMQI's authors, and speed."""
