"""Where samples come from: one source per file, each opened by its header before anything is read in
full."""
