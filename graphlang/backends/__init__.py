"""Other engines than NumPy's own that run recorded programs."""
