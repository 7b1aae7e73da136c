"""How a step changes a parameter: one optimizer per file."""
