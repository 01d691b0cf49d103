"""Networks that predict how a picture is tone-mapped, in one pass."""
