"""How much enhancement improves photographs: pairs to judge, and the labels that people give."""
