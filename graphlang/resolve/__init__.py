"""From the tree to the spec: names, arguments, sizes and shapes; reports all mistakes at once."""

from graphlang.resolve.file import resolve

__all__ = ["resolve"]
