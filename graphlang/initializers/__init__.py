"""How a parameter starts: one initializer per file."""
