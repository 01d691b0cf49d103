"""What people like: networks that learnt from opinions, not from another metric."""
