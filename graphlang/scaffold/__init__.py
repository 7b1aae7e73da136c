"""New specs: templates, and proposals for a table of data."""
