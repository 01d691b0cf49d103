"""Screens that are drawn: pages, programs, plots, illustrations and solids."""
