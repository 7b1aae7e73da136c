"""GL709, GL721 and GL722: weights in files and run folders, and what parameters start from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from graphlang.diagnostics.base import Diagnostic, OfFile, first_of, listed, wording
from graphlang.diagnostics.places import Span

OF_TORCH = frozenset(
    "weight bias running_mean running_var in_proj_weight in_proj_bias weight_ih_l0 bias_ih_l0".split()
)
"""The last parts of names that parameters have in PyTorch, and none has here."""


class WrongWeights(OfFile):
    """A weights file that cannot be read or does not belong to this graph.

    The names and the shapes of all parameters must agree, so weights go with the spec, and the `--set`s,
    that they were trained with.

        graphlang evaluate net.graph --set hidden=100 --weights runs/net-1     # trained with hidden = 50

    Fix: name the right file (an npz, safetensors, or the folder of a run), and give the same `--set`s.
    """

    code = "GL709"

    no_file = wording("there is no such file", "a run folder holds `weights.npz`")
    empty_folder = wording(
        "this folder holds no weights", "a run that stopped before its first checkpoint has none: train again"
    )
    folder = wording("this is a folder, not a file", "name the file in it: `{file}/weights.npz`")
    one_array = wording(
        "this is one array (npy), not a weights file (npz)",
        "weights are written by `graphlang train`, or by `save` from Python",
    )
    other_format = wording(
        "this is neither an npz nor a safetensors file",
        "weights are written by `graphlang train`, or by `save` from Python",
    )


class NoSuchWeights(WrongWeights):
    message = "there is no such file"
    help = first_of("did you mean `{similar}`?", "look at the spelling; a run folder holds `weights.npz`")
    similar: str | None


class NoSuchRun(WrongWeights):
    message = "there is no such run, and no file of weights of that name"
    help = first_of("did you mean `{similar}`?", "`graphlang train` makes a run, and says where it keeps it")
    similar: str | None


class SweepForWeights(WrongWeights):
    message = "this is the folder of a sweep, which holds several runs"
    help = "name one of them: the best run by {criterion} is in `{best}`"
    best: str
    criterion: str


class FolderOfRuns(WrongWeights):
    message = "this folder holds runs, and is none itself"
    help = "name one of the runs in it: {runs:or}"
    runs: Sequence[str]


class WeightsOfOtherSettings(WrongWeights):
    message = "the weights were trained with other settings: {differences}"
    trained: Mapping[str, Any]
    here: Mapping[str, Any]

    @property
    def differences(self) -> str:
        told = [
            f"`{n}` is {_plain(v)} in the run and {_plain(self.here[n])} here"
            for n, v in self.trained.items()
        ]
        return listed(told, "and")

    @property
    def help(self) -> str:
        if self.shell:
            return "add " + " ".join(
                f"`--set {name}={_plain(value)}`" for name, value in self.trained.items()
            )
        settings = ", ".join(f'"{name}": {value!r}' for name, value in self.trained.items())
        return f"load the graph with them: `set={{{settings}}}`"


def _plain(value: Any) -> str:
    """A setting as the language writes it."""
    return str(value).lower() if isinstance(value, bool) or value is None else str(value)


class DamagedWeights(WrongWeights):
    message = "this is not a sound file of weights: {problem}"
    help = "weights are written by `graphlang train`, or by `save` from Python"
    problem: str


class WeightsRefused(WrongWeights):
    message = "the file cannot be read: {refusal}"
    help = "save the weights again, with `graphlang train` or with `save` from Python, or name another file"
    refusal: str


class CheckpointForWeights(WrongWeights):
    message = "this is the checkpoint of a run, to go on from, and not its weights"
    help = "name the weights beside it, `{weights}`, or the folder of the run"
    weights: str


class UnknownWeights(WrongWeights):
    message = "the weights hold `{name}`, which the graph does not have"
    name: str
    match: str | None

    @property
    def help(self) -> str | None:
        if self.name.rpartition(".")[2] in OF_TORCH:
            how = "`--layout torch`" if self.shell else '`layout="torch"`'
            return f"that is a name of PyTorch: {how} takes its weights, and turns them"
        return None if self.match is None else f"the graph has `{self.match}`"


class WeightsOfOtherShape(WrongWeights):
    message = "`{name}` is [{actual:bare}] in the weights and [{shape:bare}] in the graph"
    help = "are these the weights of this spec, with the same settings?"
    name: str
    actual: Sequence[int]
    shape: Sequence[int]


class WeightsOfOtherType(WrongWeights):
    message = "`{name}` holds {dtype}, which is no type of weights"
    help = "save it as float32 or float64"
    name: str
    dtype: str


class TensorOfOtherShape(WrongWeights):
    message = "`{array}` is [{actual:bare}], and `{name}` takes [{shape:bare}] in PyTorch's layout"
    help = "are these the weights of this spec, with the same settings?"
    array: str
    actual: Sequence[int]
    name: str
    shape: Sequence[int]


class TensorMissing(WrongWeights):
    message = "the weights lack `{array}`, which `{name}` is made of in PyTorch's layout"
    help = 'names may be changed: `--rename "fc.*=Affine1.*"`, or `rename={{...}}` from Python'
    array: str
    name: str


class MoreMisfits(WrongWeights):
    message = "the file holds {count:,} more arrays, which are not compared"
    count: int


class WeightTooLarge(WrongWeights):
    message = "`{name}` holds {value}{at}, more than {dtype} can hold"
    help = "run with `--dtype float64`"
    name: str
    value: float
    at: str
    dtype: str


class WeightNotFinite(WrongWeights):
    message = "`{name}` holds {value}{at}"
    help = "weights are finite numbers; take those of another file, or of an earlier checkpoint"
    name: str
    value: float
    at: str


class MissingWeights(WrongWeights):
    message = "the weights lack {names}"
    names: Sequence[str]

    @property
    def help(self) -> str:
        if self.shell:
            return "`graphlang train --partial` takes what fits, `--rename OLD=NEW` under other names"
        return "`load_weights(path, partial=True, rename={...})` takes what fits, under other names too"


class NothingFits(WrongWeights):
    message = "no array of the file fits a parameter by name and shape: it has {arrays}, the graph {names}"
    help = 'names may be changed: `--rename "enc.*=encoder.*"`, or `rename={{...}}` from Python'
    names: Sequence[str]
    arrays: Sequence[str]


class RenamedTwice(WrongWeights):
    message = "{sources:and} would both be `{name}`"
    help = "write patterns that give each array a name of its own"
    name: str
    sources: Sequence[str]


class RenamesNothing(WrongWeights):
    message = "no array has a name like `{pattern}`: there are {arrays}"
    help = "the pattern is over the names of the file; `*` stands for any letters"
    pattern: str
    arrays: Sequence[str]


class WrongRename(Diagnostic):
    """Names are changed by patterns, in which each `*` of the old name stands in the new one.

        graphlang train net.graph --weights old.npz --partial --rename "enc.*=encoder.*"

    What a `*` stands for may also be named by its number, in any order, and counted on from: in
    `layers.*.fc.*={2}.enc{1+1}` the first is a number, which here is one larger.

    Fix: give both names, with the same number of `*`, or with `{1}`, `{2}` and so on in the new one.
    """

    code = "GL740"
    message = "`{pattern}={target}` renames nothing: the two have to have the same number of `*`"
    help = "write it as `enc.*=encoder.*`, or as `layers.*.fc.*=enc{{1+1}}.{{2}}`"

    pattern: str
    target: str


class NoSuchStar(WrongRename):
    message = "`{pattern}={target}` renames nothing: `{part}` is none of the `*` of `{pattern}`"
    part: str


class RenamesNoValue(WrongRename):
    message = "`{pattern}={target}` renames nothing: no value has a name like `{pattern}`"
    help = "the pattern is over the names of the first graph; `*` stands for any letters"


class NoNumber(WrongRename):
    message = "`{pattern}={target}` counts on from `{text}`, which is no number"
    help = "what `{{1+1}}` counts on from are digits, as in `layers.0`"
    text: str


class WrongRun(OfFile):
    """The folder of a run cannot be made or read, or a run cannot go on from it.

    One process at a time writes a run. It goes on as if it had never stopped. So its folder holds a
    checkpoint that training wrote, and the graph, the optimizer, the seed, the precision and the length of an
    epoch are those that it started with.

        graphlang train net.graph --resume runs/net-1 --seed 2     # started with seed 1

    Fix: go on with the settings of that run, or start another, from its weights: `--weights`.
    """

    code = "GL721"

    run_already = wording("this folder holds a run already", "go on with `--resume {file}`, or name another")
    file_in_place = wording(
        "the run folder cannot be written: this is a file", "name a folder that may be made"
    )
    damaged_checkpoint = wording(
        "this is no checkpoint that training wrote, or it is damaged",
        "the weights of the run may be sound: `--weights` takes its folder",
    )
    damaged = wording(
        "this is not what training wrote, or it is damaged",
        "name another run, or train again into a new folder",
    )


class RunUnwritable(WrongRun):
    message = "the run folder cannot be written: {refusal}"
    help = "name a folder that may be made"
    refusal: str


class RunBusy(WrongRun):
    message = "another process writes this run{holder}"
    help = "wait until it has ended, or name another folder: `--run`"
    holder: str


class NothingToResume(WrongRun):
    help = "`graphlang train` says where it keeps a run"

    file_for_run = wording("this is a file, not the folder of a run")


class NoRunToResume(NothingToResume):
    message = "there is no such folder to go on from"
    help = first_of("did you mean `{similar}`?", "`graphlang train` says where it keeps a run")
    similar: str | None


class NoRunToShow(NoRunToResume):
    message = "there is no such folder"


class NoCheckpoint(NothingToResume):
    message = "there is no `{name}` to go on from in this folder"
    name: str


class FolderWithoutRun(NothingToResume):
    message = "this folder does not hold a run: there is no `{name}` in it"
    help = first_of("name one of the runs in it: {runs:or}", "`graphlang train` says where it keeps a run")
    name: str
    runs: Sequence[str] | None = None


class FileInSettings(WrongRun):
    message = "the run was started with `{name}={value}`, and a file that a run folder names is not opened"
    help = "name it yourself: `--set {name}=@FILE`"
    name: str
    value: str


class OtherStart(WrongRun):
    message = "the run was started with {setting} {value}, not {other}"
    help = "give `--{setting} {value}`"
    setting: str
    value: int | str
    other: int | str


class OtherEpochs(WrongRun):
    message = "an epoch of that run has {steps} steps, and one of this has {own}"
    help = "go on with the batch and the data of that run, or start another from it: `--weights`"
    steps: int
    own: int


class OtherOptimizer(WrongRun):
    message = "what is remembered of `{name}` is not what {optimizer} remembers"
    help = "go on with the optimizer of that run"
    name: str
    optimizer: str


class StartTooLarge(Diagnostic):
    """A parameter starts at a number that is larger than its type can hold.

        param W: float[2] = 1e39        # and a run in float32

    Fix: give a smaller number, or compute in float64, which goes up to 1.8e308.
    """

    code = "GL722"
    message = "`{name}` starts at {value:g}, which is more than {dtype} can hold"
    help = "give a smaller number, or compute in float64"

    name: str
    value: float
    dtype: str
    span: Span | None
