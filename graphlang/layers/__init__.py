"""The layers: one class per file."""
