"""Pages to look at: one self-contained HTML file for the results of a command."""
