"""The losses: one class per file; each returns one number to minimise."""
