"""How weights change, and by what."""
