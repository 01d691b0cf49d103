"""What people like: what is claimed of nima, and how it was measured."""
