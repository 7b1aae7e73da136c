"""The target `latex`: the formulas of a graph, forward and gradient, as a document."""
