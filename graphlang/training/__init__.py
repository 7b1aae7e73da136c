"""Training: batches, steps, the record of a run, its folder, and what comes after it."""
