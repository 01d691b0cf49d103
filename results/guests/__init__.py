"""Two guests of published kinds, judged through the adapter beside simple methods."""
