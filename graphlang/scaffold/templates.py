"""The templates of `graphlang new`: specs in which FILE, NAME and RUN stand for those of the new one."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from graphlang.files.regular import read_bytes
from graphlang.syntax.lessons import lessons_folder

_FOLDER = Path(__file__).parent / "templates"
_MOST_BYTES = 2**20


class SpecTemplate(NamedTuple):
    """What a template is for, the file of the lessons that is its data, and what one does with it first."""

    shows: str
    data: str | None
    next: tuple[str, ...]


_TRAIN = ("train FILE", "evaluate FILE --weights RUN")
TEMPLATES = {
    "formula": SpecTemplate(
        "a formula and its gradients", None, ("run FILE", "view FILE --open", "test FILE")
    ),
    "csv": SpecTemplate(
        "a number from a table",
        "rents.csv",
        (*_TRAIN, "predict FILE --weights RUN --split test -o rents.csv"),
    ),
    "mlp": SpecTemplate("handwritten digits by affine layers", "mnist_12k.npz", _TRAIN),
    "convnet": SpecTemplate("the same by convolutions", "mnist_12k.npz", _TRAIN),
    "rnn": SpecTemplate("sentences by an LSTM", "reviews.npz", _TRAIN),
    "transformer": SpecTemplate(
        "a text", "fables.txt", ("train FILE", 'predict FILE --weights RUN --text "Once upon"')
    ),
}
DEFAULT_TEMPLATE = "formula"


def template_text(template: str, stem: str, quoted: Callable[[str], str]) -> str:
    """The text of a template for a spec of this name; `quoted` makes a word of a command line of a path."""
    return filled_in(read_bytes(_FOLDER / f"{template}.graph", _MOST_BYTES).decode(), stem, quoted)


def filled_in(text: str, stem: str, quoted: Callable[[str], str]) -> str:
    """A text with the names of a new spec, which lies in the folder where commands are called."""
    words = {"FILE": quoted(f"{stem}.graph"), "NAME": stem, "RUN": quoted(f"runs/{stem}-1")}
    return _aligned(re.sub(r"\b(?:FILE|NAME|RUN)\b", lambda word: words[word[0]], text))


def _aligned(text: str) -> str:
    """The commands of the first comment with what is said of them in one column."""
    commands = re.findall(r"^#     (graphlang .*\S)  +\S", text, re.MULTILINE)
    width = max(map(len, commands), default=0)
    return re.sub(
        r"^#     (graphlang .*\S)  +(\S)",
        lambda m: f"#     {m[1]:<{width}}   {m[2]}",
        text,
        flags=re.MULTILINE,
    )


def template_data(template: str) -> dict[Path, Path]:
    """The data of a template: where it lies beside the new spec, and its file in the package."""
    data = TEMPLATES[template].data
    return {} if data is None else {Path("data", data): lessons_folder() / "data" / data}
