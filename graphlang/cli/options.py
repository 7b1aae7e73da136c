"""The options that commands share, and loading a graph with them."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, Self

from graphlang.cli import console

if TYPE_CHECKING:
    from graphlang.api import Graph
    from graphlang.diagnostics.limits import Limits


EXAMPLES = "examples:"
MOST_THREADS = 1024


class Usage(Exception):
    """The command was called with wrong options; the exit status is 2."""


class CommandParser(argparse.ArgumentParser):
    """argparse with examples, no abbreviations, and a suggestion for a misspelt option."""

    def __init__(self, command: str, takes: str, summary: str, examples: str) -> None:
        super().__init__(
            prog=f"graphlang {command}",
            usage=f"graphlang {command} {takes} [OPTIONS]",
            description=summary,
            epilog=f"{EXAMPLES}\n{_indented(examples)}",
            formatter_class=_Formatter,
            allow_abbrev=False,
        )
        # By default argparse takes `-5` for a number, but `-1e-3`, `-.5` and `-inf` for options.
        self._negative_number_matcher = re.compile(r"-(\.?\d|inf|nan)")
        self.add_argument("--debug", action="store_true", help="show the traceback of a fault of graphlang")

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        console.err(f"{self.prog}: error: {message}")
        help_ = self._suggestion(message)
        if help_:
            console.err(f"help: {help_}")
        self.exit(2)

    def _print_message(self, message: str, file: Any = None) -> None:
        (file or sys.stderr).write(message)  # argparse says nothing where nobody reads

    def _suggestion(self, message: str) -> str | None:
        from graphlang.diagnostics import did_you_mean

        wrong, _, rest = message.partition(": ")
        words = rest.split()
        at = next((i for i, w in enumerate(words) if w.startswith("--")), None)
        if not wrong.startswith("unrecognized") or not words:
            return None
        if at is None:
            from graphlang.cli.foreign_options import option_for

            return option_for(words[0], self._option_string_actions)
        option, equals, value = words[at].partition("=")
        close = did_you_mean(option, self._option_string_actions)
        if close:
            return close
        if not equals:
            value = next((w for w in self._words[self._words.index(option) + 1 :] if w[:1] != "-"), "")
        name = option.removeprefix("--").replace("-", "_")
        return self._meant_by(name, value) or f"`{self.prog} --help` lists the options"

    def _meant_by(self, name: str, value: str) -> str | None:
        """What to write for an option that is a word without one, or a setting."""
        for action in self._get_positional_actions():
            if name == action.dest and value:
                return f"{action.metavar} has no option before it: `{self.prog} {value}`"
        if "--set" not in self._option_string_actions:
            return None
        from graphlang.cli.foreign_options import written_with_set

        return written_with_set(name, value, self._words)

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        self._words: list[str] = list(args or ())
        return super().parse_args(args, namespace)


class _Formatter(argparse.RawDescriptionHelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=30, width=console.reading_width())

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        """Wraps the description as prose; the examples below it stay as they are, to be copied."""
        return text if text.startswith(EXAMPLES) else console.prose(text)


def _indented(text: str) -> str:
    return "\n".join(f"  {line.strip()}" for line in text.strip().splitlines())


# ---- options -------------------------------------------------------------------------------------


def spec(parser: CommandParser) -> None:
    parser.add_argument(
        "spec",
        metavar="SPEC",
        type=_named_spec(parser),
        help="a .graph file, or lesson:NAME; `-` reads stdin",
    )


def specs(parser: CommandParser) -> None:
    parser.add_argument(
        "specs",
        metavar="SPEC",
        nargs="+",
        type=_named_spec(parser),
        help=".graph files, folders of them, or lesson:NAME (lesson: for all); `-` reads stdin",
    )


def settings(parser: CommandParser) -> None:
    parser.add_argument(
        "--set",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        type=pair,
        help="an input, a hyper or section.setting; a number, a list or @file.npy (may be repeated)",
    )
    limits(parser)


def limits(parser: CommandParser) -> None:
    parser.add_argument(
        "--limit",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        type=_limit,
        help="raise or lower a limit, as nodes=1000000 or memory=8GiB (may be repeated)",
    )


def inputs(parser: CommandParser) -> None:
    parser.add_argument(
        "--inputs",
        metavar="FILE",
        type=named,
        help="values of the inputs: JSON, npz or csv; `-` reads JSON from stdin",
    )


def start(parser: CommandParser) -> None:
    parser.add_argument("--of", metavar="NAME", help="the value that backward starts from")
    parser.add_argument(
        "--seed-gradient",
        metavar="V",
        type=number_or_list,
        help="the gradient there: a number or a list (default 1)",
    )


def data(parser: CommandParser) -> None:
    parser.add_argument(
        "--data", metavar="PATH", type=path, help="take the data from a folder of IDX files, an npz or a csv"
    )


def precision(parser: CommandParser) -> None:
    parser.add_argument("--dtype", choices=("float32", "float64"), help="the precision of the run")


def seed(parser: CommandParser) -> None:
    parser.add_argument("--seed", metavar="N", type=_whole, help="what every random number is derived from")


def threads(parser: CommandParser) -> None:
    parser.add_argument("--threads", metavar="N", type=_threads, help="how many threads may compute")


def backend(parser: CommandParser) -> None:
    parser.add_argument(
        "--backend",
        choices=("numpy", "jax", "auto"),
        help="what computes: NumPy (default), JAX, or `auto`, which takes JAX for a GPU or a TPU",
    )
    parser.add_argument("--device", choices=("cpu", "gpu", "tpu"), help="where JAX computes")
    _devices(parser)
    parser.add_argument(
        "--cache",
        metavar="FOLDER",
        type=named,
        help="where JAX keeps compiled programs; `none` keeps none (default: in the user's cache folder)",
    )


def as_json(parser: CommandParser, what: str = "the result") -> None:
    parser.add_argument("--json", action="store_true", help=f"{what} as JSON on stdout")


def form(parser: CommandParser) -> None:
    parser.add_argument(
        "--format", choices=console.FORMATS, default="full", help="how diagnostics are written"
    )


def named(text: str) -> str:
    """The name of a file or a folder; refuses an empty one, which is usually an unset shell variable."""
    if not text:
        raise argparse.ArgumentTypeError("the name is empty")
    return text


def _named_spec(parser: CommandParser) -> Callable[[str], str]:
    """Reads the name of a spec; refuses a file of data."""

    def read(text: str) -> str:
        from graphlang.cli.foreign_options import TABLES, option_for

        if text.endswith(TABLES):
            help_ = option_for(text, parser._option_string_actions)
            raise argparse.ArgumentTypeError(
                f"`{text}` holds data, and is no spec{f'; {help_}' if help_ else ''}"
            )
        if (Path(text) / "run.json").is_file():
            raise argparse.ArgumentTypeError(f"`{text}` is the folder of a run: {_with_run(parser, text)}")
        return named(text)

    return read


def _with_run(parser: CommandParser, folder: str) -> str:
    """How a command takes a run."""
    options = parser._option_string_actions
    option = "--resume" if "--resume" in options else "--weights" if "--weights" in options else None
    if option is None:
        return f"its spec, as it was, is `{folder}/spec.graph`"
    return f"write `{parser.prog} SPEC {option} {folder}`"


def path(text: str) -> Path:
    """A file or a folder."""
    return Path(named(text))


def pair(text: str) -> tuple[str, str]:
    """A name and a value, as `NAME=VALUE`."""
    name, equals, value = text.partition("=")
    if not equals or not name.strip() or not value.strip():
        raise argparse.ArgumentTypeError(f"`{text}` is not NAME=VALUE")
    return name.strip(), value.strip()


def _limit(text: str) -> tuple[str, int]:
    from graphlang.diagnostics import did_you_mean
    from graphlang.diagnostics.limits import NAMES, read_limit

    name, value = pair(text)
    if name not in NAMES:
        close = did_you_mean(name, NAMES) or f"there are {', '.join(NAMES)}"
        raise argparse.ArgumentTypeError(f"there is no limit `{name}`; {close}")
    try:
        return name, read_limit(name, value)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def limits_of(arguments: argparse.Namespace) -> Limits:
    """The limits of a command: the defaults, and what `--limit` says."""
    from graphlang.diagnostics.limits import Limits

    return Limits(**dict(arguments.limit))


def number_or_list(text: str) -> Any:
    """A number or a list of numbers as Python writes them: `-1e-3`, `.5`, `5.`, `[[1, -2]]`, `inf`."""
    import ast

    try:
        value = float(text)
    except ValueError:
        try:
            value = ast.literal_eval(text.strip())
        except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
            value = None
    if not _is_numbers(value):
        raise argparse.ArgumentTypeError(f"`{text}` is neither a number nor a list of numbers")
    return value


def _is_numbers(value: Any) -> bool:
    if isinstance(value, list):
        return all(map(_is_numbers, value))
    return isinstance(value, int | float) and not isinstance(value, bool)


def _whole(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"`{text}` is not a whole number, 0 or more")
    return int(text)


def positive(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"`{text}` is not a whole number, 1 or more")
    return int(text)


def _threads(text: str) -> int:
    count = positive(text)
    if count > MOST_THREADS:
        raise argparse.ArgumentTypeError(f"`{text}` is more than {MOST_THREADS:,}")
    return count


class Threads(AbstractContextManager["Threads"]):
    """Limits BLAS to a number of threads while a command runs."""

    def __init__(self, count: int | None) -> None:
        self._count = count
        self._limits: Any = None

    def __enter__(self) -> Self:
        if self._count is not None:
            import numpy as np  # noqa: F401 - loads the BLAS that is to be limited
            from threadpoolctl import threadpool_limits

            self._limits = threadpool_limits(self._count)
        return self

    def __exit__(self, *error: object) -> None:
        if self._limits is not None:
            self._limits.restore_original_limits()


def _backend_of(arguments: argparse.Namespace) -> Any:
    """What `load` takes for --backend and the options that belong to it."""
    name = getattr(arguments, "backend", None)
    if name != "jax":
        for option in ("device", "cache", "devices", "coordinator", "process", "processes"):
            if getattr(arguments, option, None) is not None:
                raise Usage(f"--{option} is an option of JAX: add --backend jax")
        return name
    from graphlang.backends.options import Jax

    cache = True if arguments.cache is None else False if arguments.cache == "none" else arguments.cache
    if find_spec("jax") is not None:  # else loading says what to install
        _join_processes(arguments)
    return Jax(arguments.device, cache, _announce, devices=getattr(arguments, "devices", None))


def _devices(parser: CommandParser) -> None:
    """The options of a training on several devices."""
    if not parser.prog.endswith("train"):
        return
    parser.add_argument("--devices", metavar="N", type=_threads, help="how many devices share each batch")
    parser.add_argument(
        "--coordinator",
        metavar="HOST:PORT",
        type=_address,
        help="several processes: the address of the first one; `auto` asks SLURM or Kubernetes",
    )
    parser.add_argument("--process", metavar="I", type=_process, help="which process this is, from 0 on")
    parser.add_argument("--processes", metavar="N", type=_threads, help="how many processes there are")


def _address(text: str) -> str:
    host, _, port = text.rpartition(":")
    if text != "auto" and not (host and port.isdecimal() and 0 < int(port) < 2**16):
        raise argparse.ArgumentTypeError(f"`{text}` is no address such as 10.0.0.1:1234")
    return text


def _process(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"`{text}` is no number of a process: they count from 0")
    return int(text)


def _join_processes(arguments: argparse.Namespace) -> None:
    """Waits for the other processes of a training, where there are some."""
    own, count = getattr(arguments, "process", None), getattr(arguments, "processes", None)
    coordinator = getattr(arguments, "coordinator", None)
    if coordinator is None:
        if own is not None or count is not None:
            raise Usage(
                "--process and --processes belong to --coordinator HOST:PORT, the address of process 0"
            )
        return
    if coordinator != "auto" and (own is None or count is None):
        raise Usage("--coordinator needs --process and --processes: which of how many this process is")
    if own is not None and count is not None and own >= count:
        raise Usage(f"--process {own} is none of {count}: they count from 0 to {count - 1}")
    from graphlang.backends.jax.processes import Processes, join

    join(Processes(coordinator, own, count))


def together_with_others(arguments: argparse.Namespace) -> AbstractContextManager[Any]:
    """Joins the other processes of a training, before anything can go wrong in one of them alone."""
    if arguments.coordinator is None or arguments.backend != "jax" or find_spec("jax") is None:
        return nullcontext()
    from graphlang.backends.jax.processes import together

    _join_processes(arguments)
    return together()


def _announce(what: str) -> None:
    """Tells a reader at a terminal why nothing happens for some seconds."""
    if sys.stderr.isatty():
        _tellers[-1](f"{what} …")


_tellers: list[Callable[[str], Any]] = [console.err]


@contextmanager
def announced_by(tell: Callable[[str], Any]) -> Iterator[None]:
    """Until the block ends, what is compiled is told by another function: lines above a live picture."""
    _tellers.append(tell)
    try:
        yield
    finally:
        _tellers.pop()


# ---- loading -------------------------------------------------------------------------------------


_NO_DATA = object()
"""Stands for `--data` of a command that does not have it."""


def load_graph(arguments: argparse.Namespace, path: str | None = None) -> tuple[Graph, dict[str, Any]]:
    """The graph of a command, with the values from its options; notes on the file go to stderr."""
    from graphlang.api import load
    from graphlang.cli.values import input_values, note_what_is_not_finite, read_inputs

    path = arguments.spec if path is None else path
    if path == "-" and getattr(arguments, "inputs", None) == "-":
        raise Usage("the spec and --inputs cannot both be read from stdin")
    pairs = dict(arguments.set)
    files = {name: value[1:] for name, value in pairs.items() if value.startswith("@")}
    graph = load(
        path,
        set={name: value for name, value in pairs.items() if name not in files},
        dtype=getattr(arguments, "dtype", None),
        seed=getattr(arguments, "seed", None),
        threads=getattr(arguments, "threads", None),
        backend=_backend_of(arguments),
        limits=limits_of(arguments),
    )
    console.report_notes(graph.notes, arguments.format)
    if not hasattr(arguments, "values"):  # read only once: several specs may share the inputs from stdin
        path = getattr(arguments, "inputs", None)
        table = getattr(arguments, "data", _NO_DATA) is None and graph.spec.data is not None
        arguments.values = {} if path is None else read_inputs(path, list(graph.inputs), table=table)
        note_what_is_not_finite(path or "", arguments.values)
    if not getattr(arguments, "weights", None):
        if getattr(arguments, "rename", None) or getattr(arguments, "layout", None):
            raise Usage("--rename and --layout belong to --weights FILE")
    else:
        from graphlang.training.run_folder import load_run

        partial = bool(getattr(arguments, "partial", False))
        rename, layout = dict(arguments.rename), arguments.layout
        taken = load_run(graph.model, Path(arguments.weights), partial=partial, rename=rename, layout=layout)
        if partial:
            console.note(f"{arguments.weights}: {taken}")
    inputs = input_values(graph, files, arguments.values)
    if graph.spec.data is not None:
        from graphlang.cli.as_in_data import as_in_data

        written = {n: graph.inputs[n].default for n in pairs if n in graph.inputs and n not in files}
        inputs = as_in_data(graph, {**written, **inputs}, getattr(arguments, "weights", None))
    return graph, inputs


def need_weights(graph: Graph, arguments: argparse.Namespace) -> None:
    """Raises Usage if the graph has parameters but --weights is missing: they would be untrained."""
    if graph.params and arguments.weights is None:
        count = console.counted(len(graph.params), "parameter")
        raise Usage(f"the graph has {count}: give --weights FILE")


def files_of(paths: list[str]) -> list[str]:
    """The named files and lessons, and the `.graph` files below the named folders."""
    from graphlang.syntax.lessons import PREFIX, lesson_names

    files: list[str] = []
    for path in paths:
        if path == PREFIX:
            files += [f"{PREFIX}{name}" for name in lesson_names()]
        elif path != "-" and Path(path).is_dir():
            below = sorted(str(p) for p in Path(path).rglob("*.graph"))
            if not below:
                console.note(f"there is no `.graph` file below `{console.file_name(path)}`")
            files += below
        else:
            files.append(path)
    return list(dict.fromkeys(files))
