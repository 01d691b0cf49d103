"""Filters, pyramids, resizing and means on tensors, and what autograd records meanwhile."""
