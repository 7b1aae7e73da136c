"""From the tree to the spec: names, arguments, sizes and shapes, every mistake found in one go."""

from graphlang.resolve.file import resolve

__all__ = ["resolve"]
