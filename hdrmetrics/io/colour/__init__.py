"""What files say of colour: profiles, code points, curves."""
