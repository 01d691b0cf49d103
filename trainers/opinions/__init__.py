"""Learning from opinions: photographs with what people said of them."""
