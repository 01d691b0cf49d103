"""The quality gate: whether pictures are as good as they must be, or as they once were."""
