"""Kernels: primitives without a NumPy function, each with its shape rule, computation and derivative."""
