"""Training of the networks that draw the curves of badly exposed pictures."""
