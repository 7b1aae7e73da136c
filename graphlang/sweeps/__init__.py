"""Sweeps: a training for each choice of some settings, each in a run folder of its own."""
