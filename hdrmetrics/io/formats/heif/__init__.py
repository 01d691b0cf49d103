"""HEIF and AVIF."""
