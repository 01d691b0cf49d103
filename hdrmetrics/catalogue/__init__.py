"""Named things: how they are described, registered and looked up."""
