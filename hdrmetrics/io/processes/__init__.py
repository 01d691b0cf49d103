"""Fragile formats read in processes of their own."""
