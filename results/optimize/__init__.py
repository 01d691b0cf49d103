"""What tuning operators by quality brings."""
