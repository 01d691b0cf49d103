"""Equality with HDR-VDP-2.2's authors, and speed."""
