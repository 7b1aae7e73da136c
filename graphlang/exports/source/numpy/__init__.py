"""The target `numpy`: one file of classes with `forward` and `backward`, which needs NumPy alone."""
