"""Tens of thousands of pictures ranked: listed, scored, remembered, grouped, on one machine or many."""
