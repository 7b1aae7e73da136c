"""How a parameter starts: one initialiser per file."""
