"""What enhancement would bring, and when to enhance."""
