"""What decides about a training from epoch to epoch: one monitor per file."""
