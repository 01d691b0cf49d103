"""How much enhancement would improve photographs: one layer on what restoration sees of them."""
