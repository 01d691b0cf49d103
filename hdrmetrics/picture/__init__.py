"""The picture that travels through the package, and how its pixels become light or codes."""
