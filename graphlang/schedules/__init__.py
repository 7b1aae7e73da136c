"""How the learning rate changes during training: one schedule per file."""
