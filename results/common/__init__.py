"""What several claims are measured with."""
