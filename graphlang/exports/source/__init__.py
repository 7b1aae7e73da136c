"""Graphs as source of Python: recorded steps become statements, by a table for each target."""
