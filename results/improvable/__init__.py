"""How much enhancement would improve photographs: what is claimed, and how it was measured."""
