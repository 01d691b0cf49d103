"""Where and what is wrong, as pictures and in words."""
