"""Graphs to look at: a run as one offline HTML page."""
