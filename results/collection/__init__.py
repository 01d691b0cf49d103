"""Claims about ranking collections: kills, reruns, memory."""
