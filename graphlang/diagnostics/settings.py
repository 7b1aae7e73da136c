"""GL5xx: the sections `data`, `train` and `gradcheck`, and overrides from outside."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from graphlang.diagnostics.arguments import Requirement
from graphlang.diagnostics.base import Diagnostic, Located, first_of, listed, wording
from graphlang.diagnostics.places import Span
from graphlang.diagnostics.shapes import Traced
from graphlang.diagnostics.spelling import closest, closest_of


class Belonging(NamedTuple):
    """A setting that belongs to a member of the section, and how that is written with it."""

    section: str
    #: `optimizer`, `groups`, `stop` or `source`
    owner: str
    attribute: str
    example: str
    #: the optimizer of the file, where only another one has the attribute
    lacking: str | None = None

    @property
    def why(self) -> str:
        if self.lacking:
            return f"`{self.lacking}` has no {self.attribute}, another {self.owner} has"
        return f"{self.attribute} belongs to the {self.owner}"

    def __str__(self) -> str:
        return f"{self.why}: `{self.owner} = {self.example}`"


class Maximized:
    """`maximize`, which is no setting."""

    def __str__(self) -> str:
        return "write `minimize = -loss`: what is smallest there is largest here"


class OtherSection(NamedTuple):
    """A setting of another section, or one that is given to a member of its own."""

    section: str
    name: str
    value: str

    def __str__(self) -> str:
        return f"it is a setting of `{self.section}`: write `{self.name} = {self.value}` as a line in it"


class UnknownSetting(Diagnostic):
    """A section holds a setting that it does not know.

        input loss = 1
        train { minimize = loss; optimiser = SGD(lr=0.1); batch = 100; epochs = 5 }

    Fix: correct the spelling; the message lists what there is.
    """

    code = "GL501"
    message = "`{section}` has no setting `{name}`"
    replacement = first_of("{match}")
    help = first_of("did you mean `{match}`?", "`{section}` knows {settings}")

    span: Span | None
    section: str
    name: str
    settings: Sequence[str]
    #: the setting that another framework calls so
    foreign: str | None

    _closest = closest_of("name", "settings")

    @property
    def match(self) -> str | None:
        found: str | None = self._closest
        return self.foreign if self.foreign in self.settings else found


class SettingElsewhere(UnknownSetting):
    """A setting of the optimizer, the source or another section, or `maximize`."""

    help = "{belonging}"

    belonging: Belonging | Maximized | OtherSection

    @property
    def match(self) -> str | None:
        return self.foreign if self.foreign in self.settings else None


class WrongSetting(Diagnostic):
    """A setting has a value that it cannot have, or that does not go with how the graph is trained.

        input loss = 1
        train { minimize = loss; optimizer = SGD(lr=0.1); batch = 0; epochs = 5 }

    Fix: the message says what is allowed.
    """

    code = "GL502"

    span: Span | None


class SettingRefused(WrongSetting):
    message = "{subject}{requirement}"
    help = first_of(
        "write it without quotes: `{requirement.unquoted}`", "write a value that is {requirement.needed}"
    )

    #: the setting with its section
    subject: str
    requirement: Requirement


class SettingsRefused(WrongSetting):
    """A section whose settings do not go together."""

    message = "{reason}"

    reason: str


class NoFieldName(WrongSetting):
    message = "a field of the source is given by its name"
    help = "write `{name} = {name}`"
    name: str


class NoChoice(WrongSetting):
    message = "`{setting}` must be {choices:or}, but it is `{span}`"
    help = "write {choices:or}"
    setting: str
    choices: Sequence[str]


class NoValueNamed(WrongSetting):
    message = "`{setting}` names a value of the graph, not {what}"
    help = "write the name of a value of the file, without quotes"
    setting: str
    what: str


class NoScalarMetric(WrongSetting):
    message = "a metric is a number or an array of known size, and this is {what}"
    help = first_of("write it without quotes: `{unquoted}`", "make a number of a value, as `mean(y)` does")
    what: str
    #: the metric or the value that a text names
    unquoted: str | None = None


class IterationsTooFew(WrongSetting):
    message = "`iterations` is {iterations}, but must be at least 1"
    help = "write 1 or more"
    iterations: int


class TotalUnknown(WrongSetting):
    message = (
        "`schedule = {schedule}` runs over the whole training, "
        "and a loop of one's own does not tell how long that is"
    )
    help = "say how many steps there will be: `compile(train=True, iterations=10000)`"
    schedule: str


class NothingToMinimize(Traced):
    """What is to be minimized, or checked, is no scalar of type float.

    A gradient says how one number changes. So `minimize` in `train` and `of` in `gradcheck` name a single
    number, and a float.

        input x: float[N, 3]
        y = x -> Affine(2)
        gradcheck { of = y }

    Fix: take a loss such as `SoftmaxWithLoss(y, t)`, or a sum or a mean.
    """

    code = "GL507"

    setting: str
    type: str

    no_scalar = wording(
        "`{setting}` must be a scalar, and this is {type}",
        "take a loss such as `SoftmaxWithLoss(y, t)`, or `sum(...)`",
    )
    no_float = wording(
        "`{setting}` must be a float, and this is {type}, which has no gradient",
        "take a loss such as `SoftmaxWithLoss(y, t)`, or `mean((y - t)**2)`",
    )


class MissingSetting(Located):
    """A section lacks a setting that has no default.

        train { optimizer = SGD(lr=0.1); batch = 100; epochs = 5 }

    Fix: add it, here `minimize = loss`.
    """

    code = "GL503"
    message = "`{section}` needs {missing:and}"
    help = "add `{example}`"

    section: str
    missing: Sequence[str]
    example: str


class FromOutside(Diagnostic):
    """A value from outside: `--set` at the command line, `set` from Python."""

    name: str

    @property
    def override(self) -> str:
        """The override as it was written."""
        return f"`--set {self.name}`" if self.shell else f"`{self.name}` in `set`"

    def anew(self, name: str, value: str) -> str:
        """Another override, as it is to be written."""
        if not self.shell:
            plain = re.fullmatch(r"-?[\d.]+(e-?\d+)?", value)
            return f'set={{"{name}": {value if plain else _quoted(value)}}}'
        return f"--set {name}={value}" if re.fullmatch(r"[\w.+-]+", value) else f'--set "{name}={value}"'


def _quoted(text: str) -> str:
    return repr(text) if '"' in text else f'"{text}"'


class UnknownOverride(FromOutside):
    """`--set` names something that the file does not have.

        graphlang train net.graph --set hiden=100

    Fix: name an input, a `hyper` or `section.setting`.
    """

    code = "GL504"
    message = "{override}: the file has no input, `hyper` or setting of that name"

    names: Sequence[str]
    file: str | None = None
    #: the setting that another framework calls so
    foreign: str | None = None
    #: settings and attributes that need no section before them
    short: Sequence[str] = ()

    @property
    def match(self) -> str | None:
        section, dot, setting = self.name.rpartition(".")
        if not dot:
            short = [*(name for name in self.names if "." not in name), *self.short]
            if self.foreign in short:
                return self.foreign
            dotted = {name.rpartition(".")[2]: name for name in reversed(self.names) if "." in name}
            match = closest(setting, short) or dotted.get(setting) or dotted.get(self.foreign or "")
            return match or dotted.get(closest(setting, dotted) or "")
        own = [n[len(section) + 1 :] for n in self.names if n.startswith(f"{section}.")]
        match = self.foreign if self.foreign in own else closest(setting, own)
        return f"{section}.{match}" if match else closest(self.name, self.names)

    @property
    def help(self) -> str:
        if self.match:
            return f"did you mean `{self.match}`?"
        if self.names:
            return self._what_there_is
        return "declare it with `hyper` or `input`"

    @property
    def _what_there_is(self) -> str:
        section = self.name.rpartition(".")[0]
        own = [n for n in self.names if n.rpartition(".")[0] == section]
        settings = [n for n in self.names if "." in n and n not in own]
        told = [f"`{name}`" for name in own[:8]]
        if len(own) > 8:
            told.append(f"{len(own) - 8} more")
        if settings:
            told.append(f"the settings of its sections, as `{settings[0]}`")
        name = self.name
        declare = (
            f"; a number in the file gets a name by `hyper {name} = ...`, and is `{name}` where it stood"
        )
        return f"it has {listed(told, 'and')}{declare if name.isidentifier() else ''}"


class OverrideMeant(UnknownOverride):
    """A setting that has another name here, or none of its own without that of its member."""

    help = "write `{instead}`"

    #: the name here, and the value that was given
    meant: str = ""
    value: str = ""

    @property
    def match(self) -> str | None:
        return self.meant

    @property
    def instead(self) -> str:
        return self.anew(self.meant, self.value)


class OverrideElsewhere(UnknownOverride):
    """A setting of the source, of another optimizer or another section, or `maximize`."""

    belonging: Belonging | Maximized = Maximized()

    @property
    def help(self) -> str:
        place = self.belonging
        if isinstance(place, Maximized):
            return str(place)
        return f"{place.why}: `{self.anew(f'{place.section}.{place.owner}', place.example)}`"


class WrongOverride(FromOutside):
    """`--set NAME=VALUE` gives a value that cannot be read or does not fit.

        graphlang train net.graph --set train.batch=many

    Fix: a value is a number, a list such as [1, 2], true, false, or @file.npy, within what the message says.
    """

    code = "GL505"

    file_for_number = wording(
        "{override}: only an input takes its value from a file", "write the number itself"
    )


class OverrideUnread(WrongOverride):
    @property
    def help(self) -> str:
        kinds = "a number, a list such as [1, 2], `true` or `false`"
        return f"a value is {kinds}" + (", or an array from a file: `@file.npy`" if self.shell else "")


class UnreadText(OverrideUnread):
    text: str

    no_expression = wording("{override}: `{text}` cannot be read")
    several_values = wording("{override}: `{text}` is not one value")
    no_number_or_list = wording("{override}: `{text}` is neither a number nor a list")
    no_value_of_language = wording("{override}: `{text}` is no value of the language")


class OverrideRefused(WrongOverride):
    """What is wrong with a value as a setting of the file."""

    message = "{override}: {mistake.message}"
    help = first_of("{mistake.help}")

    mistake: Diagnostic


class UnknownNameInOverride(OverrideUnread):
    message = "{override}: unknown name `{unknown}`"
    unknown: str


class OverrideOutOfRange(WrongOverride):
    message = "{override}: the value{requirement}"
    help = first_of("the file has `{written}`")
    requirement: Requirement
    #: the setting as the file has it
    written: Span | None


class TwoLengths(WrongOverride):
    message = "{override}: `{other}` is given too, and one of them decides how long to train"
    help = "keep one: `train.epochs` counts passes over the data, `train.iterations` counts steps"
    other: str


class SectionMissing(WrongOverride):
    message = "{override}: the file has no `{section}` section"
    help = "add `{section} {{ ... }}` to the file"
    section: str


class SectionTwice(Located):
    """A file has one section of each name.

        input loss = 1
        train { minimize = loss; optimizer = SGD(lr=0.1); batch = 100; epochs = 5 }
        train { minimize = loss; optimizer = Adam(lr=0.001); batch = 100; epochs = 5 }

    Fix: bring the settings together in one section.
    """

    code = "GL506"
    message = "the section `{name}` stands twice"
    help = "bring the settings together in one section"
    places = {"first": "first here"}

    name: str
    first: Span


class SettingTwice(Located):
    """A setting stands twice in its section.

        input loss = 1
        train { minimize = loss; optimizer = SGD(lr=0.1); batch = 100; batch = 50; epochs = 5 }

    Fix: keep one of the two.
    """

    code = "GL508"
    message = "`{name}` is set twice"
    help = "leave one of the two out"
    places = {"first": "first set here"}

    name: str
    first: Span


class NoGroup(Located):
    """A group of parameters is a pattern, or a list of them, and what is different for these parameters.

        input x: float[N, 4], t: float[N, 3]
        y = x -> Affine(3)
        loss = MeanSquaredError(y, t)
        output y
        train { minimize = loss; optimizer = Adam(lr=0.001); batch = 100; epochs = 5
                groups = ["*.b"] }

    Fix: write `group("*.b", weight_decay=0)`, with attributes of the optimizer, or
    `group("*.b", freeze=true)`.
    """

    code = "GL510"
    message = "`{span}` is no group of parameters"
    help = 'write `group("enc.*", lr=0.001)` or `group(["enc.*", "*.b"], freeze=true)`'
    frozen = wording("what is frozen does not change, so `{span}` sets nothing else")


class PatternOfNothing(Located):
    """A pattern fits the name of no parameter that is trained.

        input x: float[N, 4], t: float[N, 3]
        y = x -> Affine(3)
        loss = MeanSquaredError(y, t)
        output y
        train { minimize = loss; optimizer = Adam(lr=0.001); batch = 100; epochs = 5
                groups = [group("head.*", lr=1)] }

    Fix: `graphlang summary` shows the names of all parameters; `*` stands for any letters, as in `*.W`.
    """

    code = "GL511"
    message = "no parameter has a name like `{pattern}`"

    pattern: str
    names: list[str]

    @property
    def help(self) -> str:
        match = closest(self.pattern, self.names)
        if any(name.startswith(f"{self.pattern}.") for name in self.names):
            match = f"{self.pattern}.*"
        if match:
            return f"did you mean `{match}`?"
        return (
            "there are " + ", ".join(f"`{name}`" for name in self.names[:12])
            if self.names
            else "there is none"
        )


class NoSplitToMonitor(Diagnostic):
    """What decides about a training is measured over a split that the data does not have.

        train { minimize = loss; optimizer = Adam; batch = 100; epochs = 5; stop = early(validation.loss) }

    Fix: hand in `fit(..., validation={...})`, give the data a split, or monitor the training split:
    `early(loss)`.
    """

    code = "GL512"
    message = (
        "`{setting}` monitors `{split}.{measure}`, but the data has no split `{split}`: it has {there:and}"
    )
    help = "give the data such a split, or monitor `{measure}`, that of the training split"

    setting: str
    split: str
    measure: str
    there: list[str]


class UnknownMeasure(Located):
    """What is monitored is neither the loss nor a metric of the section.

        input x: float[N, 4], t: int[N]
        y = x -> Affine(3)
        loss = SoftmaxWithLoss(y, t)
        output y
        train { minimize = loss; optimizer = Adam; batch = 100; epochs = 5; keep = best(validation.accuracy) }

    Fix: measure it: `metrics = [accuracy(y, t)]`.
    """

    code = "GL513"
    message = "`{setting}` monitors `{measure}`, which is not measured"
    setting: str
    measure: str
    known: list[str]

    @property
    def help(self) -> str:
        split, _, measure = self.measure.partition("_")
        if split in ("val", "valid", "validation", "test", "train") and measure in self.known:
            split = {"test": "test.", "train": ""}.get(split, "validation.")
            return f"write `{split}{measure}`"
        known = " or ".join(f"`{name}`" for name in self.known)
        return f"it may be {known}; what else is to be monitored belongs into `metrics`"


class NoObjective(Located):
    """One of several objectives is a loss, the parameters that it changes, and an optimizer.

        input x: float[N, 4], t: float[N, 3]
        y = x -> Affine(3)
        loss = MeanSquaredError(y, t)
        output y
        train { minimize = [objective(loss, "Affine1.*", Adam), mean(y)]; batch = 100; epochs = 5 }

    Fix: write `minimize = [objective(loss, "Affine1.*", Adam(0.001)), ...]`.
    """

    code = "GL514"
    message = "`{span}` is no objective"
    help = 'write `objective(loss, "G.*", Adam(0.001))`: a loss, the names of its parameters, an optimizer'


class NothingTrained(Located):
    """What is minimized changes no parameter: all are frozen, or belong to objectives before it.

        input x: float[N, 4], t: float[N, 3]
        y = x -> Affine(3)
        loss = MeanSquaredError(y, t)
        output y
        train { minimize = loss; optimizer = Adam(lr=0.001); batch = 100; epochs = 5
                groups = [group("*", freeze=true)] }

    Fix: freeze less, or give the objective parameters that none before it has: of several objectives that
    fit a name, the first one changes the parameter.
    """

    code = "GL515"
    message = "every parameter is frozen, so nothing is trained"
    help = "freeze less, or measure with `graphlang evaluate`, which trains nothing"


class IdleObjective(NothingTrained):
    message = "the objective of `{loss}` changes no parameter: {names} are frozen or belong to one before it"
    help = "give it parameters of its own, or leave it out"

    loss: str
    names: Sequence[str]
