"""A program whose names, shapes and settings are settled: its Pydantic models, and the network that runs."""
