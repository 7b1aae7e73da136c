"""Recorded programs on JAX: XLA compiles them for CPU, GPU and TPU. Imported only when it is asked for."""
