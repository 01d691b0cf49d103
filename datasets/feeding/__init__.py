"""Crops for learners: stores on disk, packs to carry, a PyTorch dataset."""
