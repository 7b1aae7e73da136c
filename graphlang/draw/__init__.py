"""Pictures of a graph with its values and gradients: text, tables and SVG."""
