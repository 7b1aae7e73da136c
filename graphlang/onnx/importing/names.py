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

    def has_numbered(self, name: str) -> bool:
        """Whether a name is taken that a layer or a use of a `def` of this name would have."""
        return any(n.startswith(name) and n[len(name) :].isdigit() for n in self._taken)

    def new(self, wanted: str, otherwise: str = "v") -> str:
        """An identifier like `wanted`, numbered where it is taken.

        `Affine1` is `affine1`, for the language counts its layers in this way.
        """
        base = _identifier(wanted) or otherwise
        kind = base.rstrip("0123456789")
        if kind != base and kind in self._taken:
            base = not_as_a_layer(base)
        name, count = base, self._counts.get(base, 1)
        while name in self._taken:
            count += 1
            name = f"{base}_{count}"
        self._taken.add(name)
        self._counts[base] = count
        return name


def not_as_a_layer(name: str) -> str:
    """A name that no layer without a name of its own has."""
    return name[:1].lower() + name[1:] if name[:1].isupper() and name[-1:].isdigit() else name


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
_OF_MODULE = re.compile(r"(?:^|/)([A-Za-z]+)(?:_\d+)?_output_\d+$|/([A-Z][A-Za-z]*)(?:_\d+)?$")
_MADE_UP = re.compile(r"_output_\d+$|(?:^|_)\d+$|^onnx::|^/|/[A-Z][A-Za-z]*(?:_\d+)?$")


def is_made_up(name: str) -> bool:
    """Whether a program has numbered it, rather than a person named it."""
    return bool(_MADE_UP.search(name))


def readable_names(outputs: Iterable[str]) -> dict[str, str]:
    """Other names for those that PyTorch and graphlang make of modules and operators.

    `/blocks/blocks.0/qkv/Add_output_0` and `blocks.0.qkv/Add` are `blocks_0_qkv`, if they are the last value
    of their module.
    """
    modules = {name: _module(name) for name in outputs if _OF_MODULE.search(name)}
    last = {module: name for name, module in modules.items() if module}
    wanted = {}
    for name, module in modules.items():
        path = "_".join(module)
        found = _OF_MODULE.search(name)
        assert found is not None
        operator = found.group(1) or found.group(2)
        noun = _NOUNS.get(operator, operator.lower())
        wanted[name] = path if last.get(module) == name else f"{path}_{noun}" if path else noun
    return wanted


def _module(name: str) -> tuple[str, ...]:
    """The modules around a value: of `blocks` and `blocks.0` in it, the inner one."""
    parts = [part for part in name.split("/")[:-1] if part]
    return tuple(
        part for part, inner in zip(parts, [*parts, ""][1:], strict=True) if not inner.startswith(f"{part}.")
    )
