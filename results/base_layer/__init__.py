"""Base pictures of backward-compatible HDR files: as they are against optimised."""
