"""Identifiers for the names of an ONNX file, which may be any text."""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Iterable

RESERVED = frozenset(
    "if else and or not true false none input param layer output hyper def return import expect data train "
    "gradcheck scan carry next yield last repeat for in grad pi inf nan reverse axis graphlang".split()
)


class Identifiers:
    """Gives each name that is asked for an identifier of its own."""

    def __init__(self, taken: frozenset[str]) -> None:
        self._taken = set(taken | RESERVED)
        #: the number of the last name that was made of a word
        self._counts: dict[str, int] = {}

    def has(self, name: str) -> bool:
        """Whether a name is taken."""
        return name in self._taken

    def new(self, wanted: str, otherwise: str = "v") -> str:
        """An identifier like `wanted`, numbered where it is taken."""
        base = _identifier(wanted) or otherwise
        name, count = base, self._counts.get(base, 1)
        while name in self._taken:
            count += 1
            name = f"{base}_{count}"
        self._taken.add(name)
        self._counts[base] = count
        return name


def _identifier(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text[:200]).encode("ascii", "ignore").decode()
    words = re.sub(r"[^A-Za-z0-9]+", "_", plain).strip("_")[-60:].strip("_")
    if words and words[0].isdigit():
        words = f"v{words}"
    return f"{words}_" if keyword.iskeyword(words) else words


# ---- names that exporters make up ------------------------------------------------------------------------

_NOUNS = dict(
    pair.split("=")
    for pair in (
        "Add=total Sub=difference Mul=scaled Div=scaled MatMul=product Gemm=product Pow=powers Sqrt=root "
        "Gather=picked Reshape=shaped Transpose=turned Softmax=weights Concat=joined Where=chosen "
        "Range=places Equal=same Split=part Slice=cut Unsqueeze=raised Squeeze=flat Flatten=flat "
        "ReduceMean=average ReduceSum=summed Expand=spread ConstantOfShape=filled Trilu=triangle "
        "Cast=number Relu=active Conv=maps MaxPool=pooled AveragePool=pooled GlobalAveragePool=pooled "
        "BatchNormalization=normed LayerNormalization=normed Erf=erfs Not=others"
    ).split()
)
"""What the result of an operator is called where the file has no word of its own for it."""
_OF_PYTORCH = re.compile(r"(?:^|/)([A-Za-z]+)(?:_\d+)?_output_\d+$")
_MADE_UP = re.compile(r"_output_\d+$|(?:^|_)\d+$|^onnx::|^/")


def is_made_up(name: str) -> bool:
    """Whether a program has numbered it, rather than a person named it."""
    return bool(_MADE_UP.search(name))


def readable_names(outputs: Iterable[str]) -> dict[str, str]:
    """Other names for those that PyTorch makes of modules and operators.

    `/blocks/blocks.0/qkv/Add_output_0` is `blocks_0_qkv`, if it is the last value of its module.
    """
    modules = {name: _module(name) for name in outputs if _OF_PYTORCH.search(name)}
    last = {module: name for name, module in modules.items() if module}
    wanted = {}
    for name, module in modules.items():
        path = "_".join(module)
        found = _OF_PYTORCH.search(name)
        assert found is not None
        noun = _NOUNS.get(found.group(1), found.group(1).lower())
        wanted[name] = path if last.get(module) == name else f"{path}_{noun}" if path else noun
    return wanted


def _module(name: str) -> tuple[str, ...]:
    """The modules around a value: of `blocks` and `blocks.0` in it, the inner one."""
    parts = [part for part in name.split("/")[:-1] if part]
    return tuple(
        part for part, inner in zip(parts, [*parts, ""][1:], strict=True) if not inner.startswith(f"{part}.")
    )
