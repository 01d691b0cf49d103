"""How well bursts are found, and the best of them, on bursts made of photographs."""
