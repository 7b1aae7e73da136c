"""The values of a graph's inputs: taken from a Python call, checked, and filled in where missing."""
