"""Size, fidelity, visibility and time of each codec."""
