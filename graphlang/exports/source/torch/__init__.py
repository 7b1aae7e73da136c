"""The target `torch`: a module of PyTorch."""
