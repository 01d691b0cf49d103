"""What is known of pictures from one run to the next, and on what that depends."""
