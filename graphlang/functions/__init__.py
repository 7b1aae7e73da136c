"""The functions of the language: plain NumPy, a family per module; parameters without a type are tensors."""
