"""Tens of thousands of pictures ranked: scored, remembered, grouped, on one machine or many."""
