"""Training runs as a page and as plots: `graphlang report` and `graphlang plot`."""
