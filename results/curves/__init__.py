"""What the curve enhancers gain on pictures that were exposed badly, and what they cost."""
