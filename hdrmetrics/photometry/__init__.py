"""Light and its code values: colour, transfer functions, displays, encodings."""
