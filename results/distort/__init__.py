"""Whether strengths of distortions are even in visibility."""
