"""GL727: a run would go on under other conditions than those it was started with."""

from __future__ import annotations

from graphlang.diagnostics.base import OfFile


class RunDiffers(OfFile):
    """A run would go on under other conditions than those it was started with.

    A run that goes on has the same bits as one that was never stopped. So a checkpoint keeps what decides the
    numbers: the graph that is minimized, the settings of training, the data, the code of layers and the like
    of one's own (not that of what they call), the number of threads.

        graphlang train net.graph --resume runs/net-1 --set "train.optimizer=SGD(lr=0.5)"   # 0.1 before

    What changes no number is no difference: comments and spaces, names of values, more epochs where the
    schedule does not depend on their number. Other versions, another processor and another backend are told
    in a sentence, for they change the last bits at most; so are other metrics.

    Fix: go on with what the run was started with, or say `--resume-changed`; a new run from the same
    weights is `--weights runs/net-1`.
    """

    code = "GL727"

    @property
    def help(self) -> str:
        changed = "`--resume-changed`" if self.shell else "`changed=True`"
        return f"go on as the run was started, or say {changed} to go on nevertheless"


class OtherSetting(RunDiffers):
    message = "`{name}` was {before} in this run, and is {now}"
    name: str
    before: object
    now: object


class LineChanged(RunDiffers):
    message = "line {number} of `{source}` was `{before}` in this run, and is `{now}`"
    source: str
    number: int
    before: str
    now: str


class LineAdded(RunDiffers):
    message = "line {number} of `{source}` was not there in this run: `{now}`"
    source: str
    number: int
    now: str


class LineGone(RunDiffers):
    message = "behind line {number} of `{source}` this run had another one: `{before}`"
    source: str
    number: int
    before: str


class MoreLines(RunDiffers):
    message = "{count:,} more lines of `{source}` are not as they were in this run"
    source: str
    count: int


class OtherSources(RunDiffers):
    message = "`{source}` {was} in this run, and is {now}"
    source: str
    was: str
    now: str


class OtherNode(RunDiffers):
    message = "`{name}` is not computed as it was in this run: its digest was {before}, and is {now}"
    name: str
    before: str
    now: str


class OtherGraph(RunDiffers):
    message = "the loss is not computed as it was in this run: its digest was {before}, and is {now}"
    before: str
    now: str


class OtherCode(RunDiffers):
    message = "the code of `{name}` was {before} in this run, and is {now}"
    name: str
    before: str
    now: str


class OtherData(RunDiffers):
    message = "the data of `{name}` ({split}) was {before} in this run, and is {now}"
    split: str
    name: str
    before: str
    now: str


class OtherCount(RunDiffers):
    message = "the {split} split had {before:,} rows in this run, and has {now:,}"
    split: str
    before: int
    now: int


class OtherThreads(RunDiffers):
    message = "this run was computed on {before}, and would go on with {now}"
    before: str
    now: str

    @property
    def help(self) -> str:
        option = "`--threads`" if self.shell else "`threads=`"
        return f"leave out {option}, and the run keeps its number; {super().help.partition(', or ')[2]}"


class OtherStreams(RunDiffers):
    message = "the stream of random numbers `{name}` was {before} in this run, and is {now}"
    name: str
    before: str
    now: str
