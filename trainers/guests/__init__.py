"""Two small nets of published kinds, trained in minutes: guests that the suite judges."""
