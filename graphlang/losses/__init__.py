"""The losses: one class per file, mathematics only; each gives one number to minimise."""
