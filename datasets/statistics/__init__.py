"""Agreement of plain numbers: correlations, curves, and intervals that count whole scenes."""
