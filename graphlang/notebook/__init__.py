"""Graphs in Jupyter, VS Code and Colab: how objects show themselves, and `%%graph`."""
