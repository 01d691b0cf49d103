"""Training of the networks that predict how a picture is tone-mapped."""
