"""What shortcuts of ranking change: reduced decoding, and places that are sampled."""
