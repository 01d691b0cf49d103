"""Learning how much enhancement improves photographs."""
