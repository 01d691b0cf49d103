"""What a table holds, for people: statistics, figures, contact sheets."""
