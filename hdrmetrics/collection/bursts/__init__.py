"""Bursts and near-duplicates: what pictures look like, which are alike, which one to keep."""
