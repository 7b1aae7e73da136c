"""`%%graph`: a cell with a spec. The graph shows itself, or its mistakes in place."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast

from graphlang.api import Graph, loads
from graphlang.cli.console import formatted
from graphlang.cli.options import CommandParser, precision, seed, settings
from graphlang.diagnostics import Diagnostic, GraphError
from graphlang.notebook.tables import colored

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


def register_magic(shell: InteractiveShell) -> None:
    """Makes `%%graph` known to a notebook."""

    def graph(line: str, cell: str) -> Graph | None:
        return run_cell(shell, line, cell)

    graph.__doc__ = _parser().format_help()
    shell.register_magic_function(cast("Any", graph), "cell", "graph")


class _Refused(Exception):
    """The line of the cell is not understood."""


class _LineParser(CommandParser):
    """Raises instead of ending the process."""

    def error(self, message: str) -> Any:
        raise _Refused(message)


def _parser() -> CommandParser:
    parser = _LineParser(
        "%%graph",
        "[NAME]",
        "The graph of the spec in the cell, which shows itself. With a NAME it is a variable of the\n"
        "notebook too. Data and imports are found from the folder of the notebook.",
        """
        %%graph apples --set tax=1.2
        %%graph net --seed 1
        """,
    )
    parser.prog, parser.usage = "%%graph", "%%%%graph [NAME] [OPTIONS]"
    parser.add_argument("name", metavar="NAME", nargs="?", type=_variable, help="a variable for the graph")
    settings(parser)
    precision(parser)
    seed(parser)
    return parser


def _variable(text: str) -> str:
    import argparse
    from keyword import iskeyword

    if not text.isidentifier() or iskeyword(text):
        raise argparse.ArgumentTypeError(f"`{text}` is no name for a variable")
    return text


def run_cell(shell: InteractiveShell, line: str, cell: str) -> Graph | None:
    """The graph of a cell; None, with its mistakes shown, where there are any.

    Then NAME is no variable any more, so that no cell below goes on with an older graph.
    """
    try:
        arguments = _parser().parse_args(shlex.split(line))
    except (_Refused, ValueError) as error:
        _show(f"%%graph: {error}", f"%%graph: {error}")
        return None
    except SystemExit:  # --help
        return None
    try:
        graph = loads(
            cell,
            name="<cell>",
            folder=".",
            set=dict(arguments.set),
            dtype=arguments.dtype,
            seed=arguments.seed,
        )
    except GraphError as error:
        if arguments.name is not None:
            shell.user_ns.pop(arguments.name, None)
        show_diagnostics(error.diagnostics)
        return None
    if graph.notes:
        show_diagnostics(graph.notes)
    if arguments.name is not None:
        shell.user_ns[arguments.name] = graph
    return graph


def show_diagnostics(diagnostics: Iterable[Diagnostic]) -> None:
    """Shows mistakes with their places, as HTML and as text."""
    problems = list(diagnostics)
    _show(formatted(problems, "full", colored=False), formatted(problems, "full", colored=True))


def _show(text: str, painted: str) -> None:
    from IPython.display import display

    display({"text/html": colored(painted), "text/plain": text}, raw=True)  # type: ignore[no-untyped-call]
