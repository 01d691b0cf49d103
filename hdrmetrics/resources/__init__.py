"""What this process may use of the machine: cores, memory, pixels held at a time."""
