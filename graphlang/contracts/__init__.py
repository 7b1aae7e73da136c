"""The base classes of initializers, optimizers and schedules, and Pydantic fields for attributes."""
