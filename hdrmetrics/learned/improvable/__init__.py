"""How much enhancement would improve photographs: one layer on the trunk that learnt opinions."""
