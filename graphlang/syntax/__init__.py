"""From text to a tree with a span on every node: all that knows Lark."""

from graphlang.syntax import tree
from graphlang.syntax.parse import parse, read_tree

__all__ = ["parse", "read_tree", "tree"]
