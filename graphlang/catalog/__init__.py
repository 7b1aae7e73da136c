"""The operations that a spec can name: their contract, and the lookup from a name to its definition."""
