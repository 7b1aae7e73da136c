"""The layers: one class per file, mathematics only."""
