"""Kernels: primitives that no NumPy call records, each with its shape rule, computation and gradient."""
