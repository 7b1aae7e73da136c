"""GL709, GL721 and GL722: weights in files and run folders, and what parameters start from."""

from __future__ import annotations

from collections.abc import Sequence

from graphlang.diagnostics.base import Diagnostic
from graphlang.diagnostics.places import Span


class WrongWeights(Diagnostic):
    """A weights file that cannot be read or does not belong to this graph.

    The names and the shapes of all parameters must agree, so weights go with the spec, and the `--set`s,
    that they were trained with.

        graphlang evaluate net.graph --set hidden=100 --weights runs/net-1     # trained with hidden = 50

    Fix: name the right file (an npz, or the folder of a run), and give the same `--set`s.
    """

    code = "GL709"

    file: str


class NoWeightsFile(WrongWeights):
    message = "there is no such file"
    help = "a run folder holds `weights.npz`"


class FolderForWeights(WrongWeights):
    message = "this is a folder, not a file"


class WeightsRefused(WrongWeights):
    message = "the file cannot be read: {refusal}"

    refusal: str


class ArrayForWeights(WrongWeights):
    message = "this is one array (npy), not a weights file (npz)"


class DamagedWeights(WrongWeights):
    message = "this is not a readable npz file of numbers"
    help = "weights are written by `graphlang train`, or by `save` from Python"


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
        return f"the graph has `{self.match}`" if self.match else None


class WeightsOfOtherShape(WrongWeights):
    message = "`{name}` is [{actual:bare}] in the weights and [{shape:bare}] in the graph"
    help = "are these the weights of this spec, with the same settings?"

    name: str
    actual: Sequence[int]
    shape: Sequence[int]


class WeightsOfOtherType(WrongWeights):
    message = "`{name}` holds {dtype}, not numbers"

    name: str
    dtype: str


class WeightTooLarge(WrongWeights):
    message = "`{name}` holds {value}{at}, more than {dtype} can hold"
    help = "run with `--dtype float64`"

    name: str
    value: float
    at: str
    dtype: str


class MissingWeights(WrongWeights):
    message = "the weights lack {names}"

    names: Sequence[str]


class WrongRun(Diagnostic):
    """The folder of a run cannot be made, or a run cannot go on from it.

    A run goes on as if it had never stopped. So its folder holds a checkpoint that training wrote, and the
    graph, the optimizer, the seed, the precision and the length of an epoch are those that it started with.

        graphlang train net.graph --resume runs/net-1 --seed 2     # started with seed 1

    Fix: go on with the settings of that run, or start another, from its weights: `--weights`.
    """

    code = "GL721"

    file: str


class RunThere(WrongRun):
    message = "this folder holds a run already"
    help = "go on with `--resume {file}`, or name another"


class RunUnwritable(WrongRun):
    message = "the run folder cannot be written: {refusal}"
    help = "name a folder that may be made"

    refusal: str


class FileInPlaceOfRun(WrongRun):
    message = "the run folder cannot be written: this is a file"
    help = "name a folder that may be made"


class NothingToResume(WrongRun):
    help = "`graphlang train` says where it keeps a run"


class NoCheckpoint(NothingToResume):
    message = "there is no `{name}` to go on from in this folder"

    name: str


class FileForRun(NothingToResume):
    message = "this is a file, not the folder of a run"


class NoRunFolder(NothingToResume):
    message = "there is no such folder to go on from"


class OtherStart(WrongRun):
    message = "the run was started with {setting} {value}, not {other}"
    help = "give `--{setting} {value}`"

    setting: str
    value: int | str
    other: int | str


class DamagedCheckpoint(WrongRun):
    message = "this is no checkpoint that training wrote, or it is damaged"
    help = "the weights of the run may be sound: `--weights` takes its folder"


class DamagedRun(WrongRun):
    message = "this is not what training wrote, or it is damaged"


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
