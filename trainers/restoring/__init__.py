"""Training of the network that restores photographs."""
