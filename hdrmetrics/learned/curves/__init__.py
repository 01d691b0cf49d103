"""Networks that draw the curves by which badly exposed pictures become well exposed."""
