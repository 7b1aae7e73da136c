"""The functions of the language, a family per module, in plain NumPy.

Parameters without a type annotation are tensors, the others are attributes.
"""
