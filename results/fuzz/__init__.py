"""What truncated and corrupted files do to the readers."""
