"""The metrics against other libraries."""
