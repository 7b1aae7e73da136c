"""What tests a graph: the gradient check, and the `expect` lines of a file."""
