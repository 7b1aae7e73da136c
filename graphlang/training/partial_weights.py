"""Weights of another graph: what fits is taken, under other names where they are renamed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from graphlang.diagnostics import Diagnostic, GraphError
from graphlang.diagnostics.weights import NothingFits
from graphlang.engine.parameters import Params
from graphlang.spec.network import Network
from graphlang.training.weight_files import Stored, WeightFile, opened_weights
from graphlang.training.weight_views import RenamedFile, TorchFile
from graphlang.training.weights import MOST, OF_CHECKPOINT, load_into, mismatches


@dataclass(frozen=True)
class TakenWeights:
    """What was taken from a file of weights, and what was not."""

    #: the parameters that have the numbers of the file
    taken: tuple[str, ...]
    #: the parameters that stayed as they were, and why
    left: dict[str, str]
    #: the arrays of the file that no parameter has taken
    unused: tuple[str, ...]

    def __str__(self) -> str:
        counts = f"{len(self.taken)} of {len(self.taken) + len(self.left)} parameters are taken"
        left = ", ".join(f"`{name}` ({why})" for name, why in self.left.items())
        unused = ", ".join(f"`{name}`" for name in self.unused)
        told = [f"left as they were: {left}"] if left else []
        return "; ".join([counts, *told, *([f"not used of the file: {unused}"] if unused else [])])


def take_weights(
    params: Params,
    file: Path,
    *,
    partial: bool = False,
    rename: Mapping[str, str] | None = None,
    layout: str | None = None,
) -> TakenWeights:
    """Sets parameters from a file: every one, or with `partial` those that fit by name and shape.

    `rename` maps globs over the file's names to names of the graph: `enc.*` to `encoder.*`. With `layout`
    "torch" the file is the state of a PyTorch module. Raises GraphError, and sets none, where nothing fits,
    or without `partial` where one does not.
    """
    with opened_weights(file) as opened:
        weights = seen_as(opened, str(file), params.network, rename=rename, layout=layout)
        misfits = misfits_of(weights)
        headers = weights.arrays
        if not partial or any(name.startswith(OF_CHECKPOINT) for name in headers):
            check_fit(params, weights, str(file))
            load_into(params, weights.read(list(params)), str(file))
            return TakenWeights(tuple(params), {}, ())
        left = {name: why for name in params if (why := _misfit(params, name, headers, misfits))}
        taken = [name for name in params if name not in left]
        if not taken:
            raise GraphError([NothingFits(str(file), list(params)[:8], list(headers)[:8])])
        arrays = weights.read(taken)
    load_into(params, {**params.copies(), **arrays}, str(file))
    return TakenWeights(tuple(taken), left, tuple(n for n in headers if n not in taken))


def check_fit(params: Params, weights: WeightFile, file: str) -> None:
    """Raises GraphError where the headers of a file are not those of the parameters."""
    misfits = misfits_of(weights)
    problems = [*list(misfits.values())[:MOST], *mismatches(params, weights.arrays, file, misfits)]
    if problems:
        raise GraphError(problems)


def misfits_of(weights: WeightFile) -> Mapping[str, Diagnostic]:
    """The parameters that arrays in another layout were to be turned into, and cannot be."""
    return weights.misfits if isinstance(weights, TorchFile) else {}


def seen_as(
    weights: WeightFile,
    file: str,
    network: Network | None,
    *,
    rename: Mapping[str, str] | None = None,
    layout: str | None = None,
) -> WeightFile:
    """A file of weights under the names of a graph, and in its layout."""
    renamed = RenamedFile(weights, rename, file) if rename else weights
    if layout is None or network is None:
        return renamed
    return TorchFile(renamed, network, file)


def _misfit(
    params: Params, name: str, headers: Mapping[str, Stored], misfits: Mapping[str, Diagnostic]
) -> str | None:
    """Why a parameter stays as it was; None where it does not."""
    if name in misfits:
        return misfits[name].message
    if name not in headers:
        return "not in the file"
    if headers[name].shape != params[name].shape:
        return f"{list(headers[name].shape)} in the file, {list(params[name].shape)} here"
    kind = headers[name].dtype
    return None if kind is not None and kind.kind in "fiub" else "no numbers in the file"
