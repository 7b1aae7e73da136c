"""What goes into a graph: how Python hands it in, which values fit, and what stands in for missing ones."""
