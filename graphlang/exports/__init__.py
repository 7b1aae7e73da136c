"""Graphs in other forms: pictures and data, each a target with its own module."""
