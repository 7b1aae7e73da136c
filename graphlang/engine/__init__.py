"""What runs a graph: the eager interpreter, which keeps every value, and the planned program."""
