"""GL787: what keeps a graph from becoming source of Python."""

from __future__ import annotations

from graphlang.diagnostics.base import Diagnostic, wording
from graphlang.diagnostics.places import Span


class NothingInSource(Diagnostic):
    """A graph has something that a file of Python cannot be generated for.

        graphlang export net.graph --to numpy

    A file is generated from the steps that each operation records. An initializer of your own records none,
    so its formula is not known; nor is that of a primitive of your own. In a module of PyTorch, layers and
    parameters are attributes, so none can have the name of a member of `nn.Module`, such as `forward`.

    Fix: take an operation or an initializer of graphlang in its place; weights that were drawn by another one
    are read with `net.load("weights.npz")`.
    """

    code = "GL787"
    message = "{name} cannot become source for {target}: {reason}"
    help = "take an operation or an initializer of graphlang in its place"

    #: the value and its operation, as "`y` (Mine)"
    name: str
    target: str
    reason: str
    span: Span | None = None

    name_taken = wording(help="give {name} another name in the spec")
