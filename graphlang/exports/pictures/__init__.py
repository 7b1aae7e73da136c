"""Pictures of a graph for documents: of a run where the file gives all inputs, else with the shapes alone."""
