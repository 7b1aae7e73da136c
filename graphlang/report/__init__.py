"""What a graph and its planned program consist of, as rows to print."""
