"""JPEG XT, profiles A to C."""
