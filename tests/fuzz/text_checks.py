"""What must hold of every text: it is taken or refused with diagnostics, in time, and all else is a fault."""

from __future__ import annotations

import io
import random
import re
import signal
import sys
import tempfile
import traceback
import unicodedata
from collections.abc import Iterator
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import graphlang as gl
from graphlang.cli import main
from graphlang.diagnostics import Diagnostic, Span, edited
from graphlang.diagnostics.render import MOST_BYTES, concise, full, github
from graphlang.diagnostics.sarif import sarif
from graphlang.diagnostics.syntax.file import MisplacedVersion, UnsupportedVersion
from graphlang.diagnostics.syntax.literals import NumberTooLarge
from graphlang.formatting import laid_out
from graphlang.syntax import tree as nodes
from graphlang.syntax.parse import parse

sys.path.insert(0, str(Path(__file__).parents[1] / "random_programs"))
from program_agreement import Fault
from program_search import failure
from random_program import SMALL, Program

SECONDS = 20
"""The processor time after which a text hangs."""
LIMITS = gl.Limits(nodes=5_000, parameters=10**6, memory=2**26, unrolled=1_000, scanned=10_000)
"""So narrow that what is within them takes no time: a fuzzer gives thousands of texts."""
BESIDE_THE_GRAMMAR = (MisplacedVersion, UnsupportedVersion, NumberTooLarge)
"""What may be wrong with a sentence of the grammar."""
SIZE_OF_PROGRAM = 2_000
"""The most nodes, and numbers in parameters, of a program that is computed in every way."""


class Hang(Exception):
    """It took too long."""


@contextmanager
def in_time(seconds: int = SECONDS) -> Iterator[None]:
    """Raises Hang within the block once it has taken so much processor time; where the system has such a clock."""

    def stop(number: int, frame: Any) -> None:
        raise Hang

    if not hasattr(signal, "ITIMER_VIRTUAL"):
        yield
        return
    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def fault_of_text(text: str, seed: int = 0) -> str | None:
    """What is wrong with the way a text is met, as one line of a kind; None where nothing is."""
    return _kind(lambda: _check(text, seed))


def fault_of_file(data: bytes, commands: tuple[str, ...] = ("check",)) -> str | None:
    """The same for the bytes of a file, given to commands."""
    return _kind(lambda: [_check_command(data, command) for command in commands])


def fault_of_sentence(text: str, other: str) -> str | None:
    """The same for a sentence of the grammar, and for the same words with other blanks between them."""
    return _kind(lambda: _check_sentence(text, other))


def _kind(check: Any) -> str | None:
    try:
        with in_time():
            check()
    except Hang:
        return f"it takes more than {SECONDS} s"
    except Fault as fault:
        return str(fault).partition("\n")[0]
    except Exception as error:  # noqa: BLE001 - any is a fault
        place = traceback.extract_tb(error.__traceback__)[-1]
        return f"{type(error).__name__} in {Path(place.filename).name}:{place.name}"
    return None


def _check(text: str, seed: int) -> None:
    try:
        graph = gl.loads(text, limits=LIMITS)
    except gl.GraphError as error:
        check_diagnostics(error.diagnostics)
        return
    _check_layout(text)
    again = gl.Graph.from_spec(graph.spec.model_dump_json(), limits=LIMITS)
    if again.spec != graph.spec:
        raise Fault("the spec from its JSON is another one")
    if len(graph.network.names) < SIZE_OF_PROGRAM and _numbers(graph) < SIZE_OF_PROGRAM:
        kind = failure(_program(text, graph, seed))
        if kind is not None:
            raise Fault(kind)


def _numbers(graph: gl.Graph) -> int:
    return sum(parameter.size for parameter in graph.params.values())


def _program(text: str, graph: gl.Graph, seed: int) -> Program:
    """The text with a size for every dimension in the shapes of its inputs."""
    source = random.Random(seed)
    shapes = [str(size) for spec in graph.inputs.values() for size in spec.shape or ()]
    names = sorted({name for shape in shapes for name in re.findall(r"[^\W\d]\w*", shape)})
    first, second = ({name: source.choice(SMALL) for name in names} for _ in range(2))
    return Program(text, (first, second), source.choice(("plain", "ties", "wide")), seed)


def check_diagnostics(diagnostics: list[Diagnostic]) -> None:
    """Every diagnostic can be written in every form, and its edits can be made."""
    if not diagnostics:
        raise Fault("refused without a diagnostic")
    for d in diagnostics:
        for form in (full, concise, github):
            _check_text(form(d))
        if d.span is not None:
            edited(d.span.source.text, [e for e in d.edits if e.span.source is d.span.source])
    sarif(diagnostics)


def _check_text(text: str) -> None:
    hidden = [c for c in text if c != "\n" and unicodedata.category(c) in ("Cc", "Cf", "Cs")]
    if hidden:
        raise Fault(f"a message holds the hidden character U+{ord(hidden[0]):04X}")


def _check_command(data: bytes, command: str) -> None:
    out, err = io.StringIO(), io.StringIO()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.graph"
        path.write_bytes(data)
        limits = [f"--limit={name}={getattr(LIMITS, name)}" for name in ("nodes", "parameters", "memory")]
        # In the folder: `view` writes its page into the current one.
        with chdir(folder), redirect_stdout(out), redirect_stderr(err):
            status = main([command, str(path), *limits])
    message, most = err.getvalue(), MOST_BYTES
    if command == "check":  # whose result are the mistakes, all that are kept
        message, most = out.getvalue(), 16 * MOST_BYTES
    wants_weights = (
        command == "predict" and "give --weights" in message
    )  # a mistake of the caller, not of the file
    if status not in (0, 1) and not wants_weights:
        raise Fault(f"`{command}` ends with status {status}: {message.partition(chr(10))[0]}")
    if status == 1 and "error[" not in message and command != "test":
        raise Fault(f"`{command}` fails without a diagnostic")
    if len(message.encode(errors="replace")) > most:
        raise Fault(f"`{command}` writes more than {most} bytes")
    _check_text(message.replace(folder, ""))


def _check_sentence(text: str, other: str) -> None:
    try:
        one = parse(text, limits=LIMITS)
    except gl.GraphError as error:
        check_diagnostics(error.diagnostics)
        refused = [d for d in error.diagnostics if not isinstance(d, BESIDE_THE_GRAMMAR)]
        if refused:
            raise Fault(f"a sentence of the grammar is refused: {refused[0].code}") from None
        return
    if without_places(one) != without_places(parse(other, limits=LIMITS)):
        raise Fault("other blanks give another tree")
    for words in (text, other):
        _check_layout(words)


def _check_layout(text: str) -> None:
    """`graphlang fmt` changes nothing that a text means, and nothing in what it has written."""
    layout = laid_out(text, limits=LIMITS)
    if without_places(parse(layout, limits=LIMITS)) != without_places(parse(text, limits=LIMITS)):
        raise Fault("the layout gives another tree")
    if laid_out(layout, limits=LIMITS) != layout:
        raise Fault("the layout has another layout")


def without_places(tree: nodes.Tree) -> list[Any]:
    """The statements of a tree as nested lists, in which places are left out."""
    return [_plain(statement) for statement in tree.statements]


def _plain(value: Any) -> Any:
    if isinstance(value, Span):
        return None
    if hasattr(value, "_fields"):
        return [type(value).__name__, *map(_plain, value)]
    return [_plain(v) for v in value] if isinstance(value, (tuple, list)) else repr(value)
