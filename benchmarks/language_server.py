"""How long the language server takes for a file of 200 lines: `python -m benchmarks.language_server`.

The features are called as the server calls them, each at many places; `typing` is what lies between a change
and its diagnostics, and comes from a real process that is sent one character after the other.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from graphlang.lsp.actions import actions, fix_all
from graphlang.lsp.analysis import Analysis
from graphlang.lsp.completion import completions
from graphlang.lsp.hints import hints
from graphlang.lsp.hover import hover
from graphlang.lsp.navigation import definition_at, references
from graphlang.lsp.renaming import CannotRename, renamed
from graphlang.lsp.signatures import signature_at
from graphlang.lsp.symbols import folds, outline
from graphlang.lsp.tokens import colours

SPECS = Path(__file__).parent.parent / "specs"


def text_of(lines: int = 200) -> str:
    """The lesson `two_layer_net` with more layers and formulas before its loss; as in the lessons, every
    third line is a comment."""
    lesson = (SPECS / "two_layer_net.graph").read_text(encoding="utf-8")
    head, loss, tail = lesson.partition("loss = ")
    more = [
        "def Block(x: float[N, D], k) {",
        "  h = x -> Affine(k) -> Relu",
        "  return h + x -> Affine(k)",
        "}",
    ]
    count = lines - len(lesson.splitlines()) - len(more)
    for number in range(count):
        before = f"h{number - 1 - (number % 3 == 0)}" if number else "x -> Affine(hidden)"
        more.append(
            "# What the next lines do, and why."
            if number % 3 == 2
            else f"h{number} = {before} -> Block(hidden)  # {number}"
            if number % 5 == 0
            else f"h{number} = relu({before} * 0.5 + {number}) -> Affine(hidden)"
        )
    return head + "\n".join(more) + "\n" + loss + tail


Times = tuple[float, float, float]
"""In milliseconds: the median, the longest, and the median of the time of the processor."""


def timed(call: Callable[[], object], times: int) -> Times:
    """The times of a call; the first one is not counted."""
    call()
    taken, busy = [], []
    for _ in range(times):
        start, worked = time.perf_counter(), time.process_time()
        call()
        busy.append((time.process_time() - worked) * 1e3)
        taken.append((time.perf_counter() - start) * 1e3)
    return median(taken), max(taken), median(busy)


def at_places(analysis: Analysis, ask: Callable[[int], object]) -> Times:
    """The same of a question about places, each of which is asked once."""
    places = range(0, len(analysis.text), len(analysis.text) // 40)
    of_each = [timed(lambda place=place: ask(place), 1) for place in places]  # type: ignore[misc]
    taken, _, busy = zip(*of_each, strict=True)
    return median(taken), max(taken), median(busy)


def rows() -> list[tuple[str, float, float, float]]:
    """A row per feature: its name, the median, the longest."""
    text = text_of()
    analysis = Analysis(text, "net.graph").examine()
    assert not analysis.problems, analysis.problems
    broken = Analysis(text.replace("loss = ", "loss = ("), "net.graph").examine()

    def rename(place: int) -> None:
        try:
            renamed(analysis, place, "another")
        except CannotRename:
            return

    return [
        ("reading", *timed(lambda: Analysis(text, "net.graph"), 20)),
        ("all diagnostics", *timed(lambda: Analysis(text, "net.graph").examine(), 20)),
        ("all diagnostics, broken", *timed(lambda: Analysis(broken.text, "net.graph").examine(), 20)),
        ("hover", *at_places(analysis, lambda place: hover(analysis, place))),
        ("completion", *at_places(analysis, lambda place: completions(analysis, place))),
        ("signature help", *at_places(analysis, lambda place: signature_at(analysis, place))),
        ("definition", *at_places(analysis, lambda place: definition_at(analysis, place))),
        ("references", *at_places(analysis, lambda place: references(analysis, place))),
        ("rename", *at_places(analysis, rename)),
        ("outline", *timed(lambda: outline(analysis), 20)),
        ("folding", *timed(lambda: folds(analysis), 20)),
        ("semantic tokens", *timed(lambda: colours(analysis), 20)),
        ("inlay hints", *timed(lambda: hints(analysis), 20)),
        ("code actions", *timed(lambda: actions(broken, 0, len(text)), 20)),
        ("fix all", *timed(lambda: fix_all(broken), 5)),
        ("typing", *typing(text)),
    ]


def typing(text: str, characters: int = 40) -> Times:
    """From a change to its diagnostics, in a real process."""
    command = [sys.executable, "-m", "graphlang", "lsp"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None

        def send(method: str, params: Any, **more: Any) -> None:
            content = json.dumps({"jsonrpc": "2.0", "method": method, "params": params, **more}).encode()
            process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(content), content))  # type: ignore[union-attr]
            process.stdin.flush()  # type: ignore[union-attr]

        def wait(version: int) -> None:
            while True:
                length = int(process.stdout.readline().split(b":")[1])  # type: ignore[union-attr]
                while process.stdout.readline().strip():  # type: ignore[union-attr]
                    pass
                message = json.loads(process.stdout.read(length))  # type: ignore[union-attr]
                if (message.get("params") or {}).get("version") == version:
                    return

        send("initialize", {"processId": None, "rootUri": None, "capabilities": {}}, id=1)
        send("initialized", {})
        item = {"uri": "untitled:net", "languageId": "graphlang", "version": 0, "text": text}
        send("textDocument/didOpen", {"textDocument": item})
        wait(0)
        time.sleep(0.5)  # nobody types sooner, and the server prepares for mistakes
        taken = []
        line = text[: text.index("loss = ")].count("\n")
        for number in range(characters):
            place = {"line": line, "character": 7 + number}
            change = {"range": {"start": place, "end": place}, "text": "relu(y) + "[number % 10]}
            document = {"uri": "untitled:net", "version": number + 1}
            start = time.perf_counter()
            send("textDocument/didChange", {"textDocument": document, "contentChanges": [change]})
            wait(number + 1)
            taken.append((time.perf_counter() - start) * 1e3)
        process.stdin.close()
    return median(taken[3:]), max(taken[3:]), float("nan")


def main() -> None:
    """Prints a row for each feature."""
    print(f"{'feature':<26}{'median ms':>12}{'longest ms':>12}{'processor ms':>14}")
    for name, middle, longest, busy in rows():
        print(f"{name:<26}{middle:>12.2f}{longest:>12.2f}{busy:>14.2f}")


if __name__ == "__main__":
    main()
