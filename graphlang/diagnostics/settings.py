"""GL5xx: the sections `data`, `train` and `gradcheck`, and overrides from outside."""

from __future__ import annotations

from collections.abc import Sequence

from graphlang.diagnostics.base import Diagnostic, Edit, Related, Span
from graphlang.diagnostics.spelling import closest


class UnknownSetting(Diagnostic):
    """A section holds a setting that it does not know.

        input loss = 1
        train { minimize = loss; optimiser = SGD(lr=0.1); batch = 100; epochs = 5 }

    Fix: correct the spelling; the message lists what there is.
    """

    code = "GL501"

    def __init__(
        self,
        span: Span | None,
        section: str,
        name: str,
        known: Sequence[str],
        foreign: str | None = None,
        elsewhere: str | None = None,
    ) -> None:
        self.span = span
        self.section = section
        self.name = name
        self.known = list(known)
        self.elsewhere = elsewhere
        self.match = foreign if foreign in self.known else None if elsewhere else closest(name, known)

    @property
    def message(self) -> str:
        return f"`{self.section}` has no setting `{self.name}`"

    @property
    def edits(self) -> Sequence[Edit]:
        return [Edit(self.span, self.match)] if self.span is not None and self.match else []

    @property
    def help(self) -> str | None:
        if self.elsewhere:
            return self.elsewhere
        if self.match:
            return f"did you mean `{self.match}`?"
        return f"`{self.section}` knows " + ", ".join(f"`{k}`" for k in self.known)


class WrongSetting(Diagnostic):
    """A setting has a value that it cannot have.

        input loss = 1
        train { minimize = loss; optimizer = SGD(lr=0.1); batch = 0; epochs = 5 }

    Fix: the message says what is allowed.
    """

    code = "GL502"

    def __init__(
        self, span: Span | None, message: str, help: str | None = None, related: Sequence[Related] = ()
    ) -> None:
        self.span = span
        self._message = message
        self._help = help
        self._related = related

    @property
    def message(self) -> str:
        return self._message

    @property
    def help(self) -> str | None:
        return self._help

    @property
    def also(self) -> Sequence[Related]:
        return self._related


class MissingSetting(Diagnostic):
    """A section lacks a setting that has no default.

        train { optimizer = SGD(lr=0.1); batch = 100; epochs = 5 }

    Fix: add it, here `minimize = loss`.
    """

    code = "GL503"

    def __init__(self, span: Span, section: str, missing: Sequence[str], example: str) -> None:
        self.span = span
        self.section = section
        self.missing = list(missing)
        self.example = example

    @property
    def message(self) -> str:
        names = " and ".join(f"`{m}`" for m in self.missing)
        return f"`{self.section}` needs {names}"

    @property
    def help(self) -> str | None:
        return f"add `{self.example}`"


class UnknownOverride(Diagnostic):
    """`--set` names something that the file does not have.

        graphlang train net.graph --set hiden=100

    Fix: name an input, a `hyper` or `section.setting`.
    """

    code = "GL504"

    def __init__(
        self,
        name: str,
        known: Sequence[str],
        file: str | None = None,
        elsewhere: str | None = None,
        foreign: str | None = None,
    ) -> None:
        self.name = name
        self.known = list(known)
        self.file = file
        self.elsewhere = elsewhere
        section, dot, setting = name.rpartition(".")
        # A setting is looked for among those of its section, and a name without a section among such names.
        self.match = (
            None
            if elsewhere
            else closest(
                setting,
                [k[len(section) + 1 :] for k in known if k.startswith(f"{section}.")]
                if dot
                else [k for k in known if "." not in k],
            )
        )
        if self.match and dot:
            self.match = f"{section}.{self.match}"
        elif dot and not elsewhere:
            self.match = closest(name, known)
        elif not self.match and not dot and not elsewhere:
            meant = (name, foreign)
            self.match = next((k for k in known if k.rpartition(".")[2] in meant and "." in k), None)

    @property
    def message(self) -> str:
        return f"{_override(self)}: the file has no input, `hyper` or setting of that name"

    @property
    def help(self) -> str | None:
        if self.elsewhere:
            return self.elsewhere
        if self.match:
            return f"did you mean `{self.match}`?"
        if self.known:
            return "it has " + ", ".join(f"`{k}`" for k in self.known[:12])
        return "declare it with `hyper` or `input`"


class WrongOverride(Diagnostic):
    """`--set NAME=VALUE` gives a value that cannot be read or does not fit.

        graphlang train net.graph --set train.batch=many

    Fix: a value is a number, a list such as [1, 2], true, false, or @file.npy, within what the message says.
    """

    code = "GL505"

    def __init__(self, name: str, message: str, help: str | None = None, *, unread: bool = False) -> None:
        self.name = name
        self._message = message
        self._help = help
        #: whether what was given is no value at all
        self.unread = unread

    @property
    def message(self) -> str:
        return f"{_override(self)}: {self._message}"

    @property
    def help(self) -> str | None:
        if not self.unread:
            return self._help
        kinds = "a number, a list such as [1, 2], `true` or `false`"
        return f"a value is {kinds}" + (", or an array from a file: `@file.npy`" if self.shell else "")


class SectionTwice(Diagnostic):
    """A file has one section of each name.

        input loss = 1
        train { minimize = loss; optimizer = SGD(lr=0.1); batch = 100; epochs = 5 }
        train { minimize = loss; optimizer = Adam(lr=0.001); batch = 100; epochs = 5 }

    Fix: bring the settings together in one section.
    """

    code = "GL506"

    def __init__(self, span: Span, name: str, first: Span) -> None:
        self.span = span
        self.name = name
        self.first = first

    @property
    def message(self) -> str:
        return f"the section `{self.name}` stands twice"

    @property
    def also(self) -> Sequence[Related]:
        return [Related(self.first, "first here")]

    @property
    def help(self) -> str | None:
        return "bring the settings together in one section"


def _override(diagnostic: UnknownOverride | WrongOverride) -> str:
    """An override as the one who gave it wrote it."""
    return f"`--set {diagnostic.name}`" if diagnostic.shell else f"`{diagnostic.name}` in `set`"
