"""Teaching trained weights to name what is wrong with a picture."""
