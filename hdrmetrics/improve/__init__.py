"""What enhancement would bring to photographs, when to enhance, and pairs that people judge."""
