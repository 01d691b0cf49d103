"""One room or file per picture format."""
