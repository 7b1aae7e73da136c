"""The bases of initializers, optimizers and schedules, and of attributes as Pydantic fields."""
