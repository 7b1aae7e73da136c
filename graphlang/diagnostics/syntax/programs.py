"""Statements and settings of programs and configuration files, which a description of a graph has not."""

from __future__ import annotations

from collections.abc import Sequence

from graphlang.diagnostics.base import Diagnostic, Edit, first_of
from graphlang.diagnostics.syntax.statements import ColonForEquals, NotAStatement, PythonStatement


class ColonsForEquals(ColonForEquals):
    """The settings of a section as YAML has them, each behind a `:`."""

    message = "the settings of `{section}` get their values with `=`, not with `:`"
    help = "write `{name} = ...`, and so for all of them"

    section: str
    changes: Sequence[Edit]

    @property
    def edits(self) -> Sequence[Edit]:
        return self.changes


class SettingInQuotes(ColonForEquals):
    """A setting as JSON has it: `"batch": 10`."""

    message = "the names of settings stand without quotes, and get their values with `=`"
    label = ""
    help = "write `{name} = ...`, and so for all of them"

    changes: Sequence[Edit]

    @property
    def edits(self) -> Sequence[Edit]:
        return self.changes


class SettingsInBlock(ColonForEquals):
    """`optimizer { name = Adam; lr = 0.01 }`"""

    message = "`{name}` is a setting, and has one value"
    label = "no section"
    help = "write `{name} = {example}`"
    replacement = ""
    sure = False

    example: str

    @property
    def edits(self) -> Sequence[Edit]:
        return ()


class SectionWithin(SettingsInBlock):
    """A section within a section: `train { train { minimize = loss } }`"""

    message = "`{name}` is a section, and stands in the block of `{around}`"
    label = "a section within a section"

    help = "close `{around}` with a `}}` in front of it, and leave out the `}}` that closed it"

    around: str


class SectionWithinItself(SectionWithin):
    help = "leave out this `{name} {{` and its `}}`: the settings stand in one block"


class MethodAsStatement(NotAStatement):
    """`model.fit(x, t)`, `loss.backward()`: what a program of another framework does, step by step."""

    message = "`{owner}.{method}` does something, and a file only says what is computed"
    label = "no value"

    owner: str
    method: str

    @property
    def help(self) -> str:  # type: ignore[override]  # it is never set
        return METHODS_ELSEWHERE[self.method]

    def repeats(self, other: Diagnostic) -> bool:
        return isinstance(other, MethodAsStatement) and other.help == self.help


METHODS_ELSEWHERE = {
    **dict.fromkeys(
        "compile fit backward step zero_grad train apply_gradients minimize".split(),
        "training has a section: `train { minimize = loss; optimizer = Adam(lr=0.01); epochs = 5 }`",
    ),
    **dict.fromkeys(
        "predict evaluate eval".split(), "`graphlang predict` and `graphlang evaluate` do that with weights"
    ),
    **dict.fromkeys("summary build".split(), "`graphlang summary FILE` lists the layers"),
    **dict.fromkeys("add append extend".split(), "layers follow one another: `x -> Affine(50) -> Relu`"),
    **dict.fromkeys("to cuda cpu".split(), "where it runs is said when running: `--backend jax`"),
    **dict.fromkeys("save load save_weights load_weights".split(), "`graphlang train` keeps the weights"),
    **dict.fromkeys("plot show imshow scatter".split(), "`graphlang plot` and `graphlang view` show runs"),
}
"""What is done here where another framework calls a method."""


class ForeignImport(PythonStatement):
    """An import as Python and JavaScript have it."""

    message = "an import names a file, and gets a name with `as`"
    label = ""
    help = first_of(
        'write `import "{path}" as {name}`, and `{name}.{used}` where `{used}` is used',
        'write `import "{path}" as {name}`',
    )

    path: str = ""
    name: str = ""
    #: what is taken out of the file
    used: str = ""


class ImportOfModule(PythonStatement):
    """`import numpy as np`"""

    message = "there is no `{module}` in this language, and nothing to import for it"
    label = ""
    help = "leave the line out: functions and layers are known without a prefix"
    sure = False

    module: str = ""
