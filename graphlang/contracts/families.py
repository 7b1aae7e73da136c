"""The package of a family as its users see it: `gl.optimizers.Adam`, imported when it is first asked for."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType
from typing import Any


class FamilyPackage(ModuleType):
    """A package with a class in each file, as `Adam` in adam.py."""

    def __setattr__(self, name: str, value: Any) -> None:
        """The import system puts a submodule here under its own name; where that is the name of its class,
        as of `cosine`, the class takes the place."""
        own = vars(value).get(name) if isinstance(value, ModuleType) else None
        super().__setattr__(name, own if isinstance(own, type) else value)

    def __getattr__(self, name: str) -> Any:
        stems = () if name.startswith("_") else self._stems()
        member = self._member(name.lower()) if name.lower() in stems else None
        if member is None or member.__name__ != name:
            family = self.__name__.rpartition(".")[2]
            there = "" if name.startswith("_") else f"; there are {', '.join(dir(self))}"
            raise AttributeError(f"gl.{family} has no `{name}`{there}")
        super().__setattr__(name, member)
        return member

    def __dir__(self) -> list[str]:
        return sorted(member.__name__ for member in map(self._member, self._stems()) if member)

    def _stems(self) -> list[str]:
        """The names of the files."""
        files = Path(self.__path__[0]).glob("[a-z]*.py")
        return [path.stem for path in files]

    def _member(self, stem: str) -> Any:
        """The class of a file that has its name, or None."""
        module = importlib.import_module(f"{self.__name__}.{stem}")
        return next((c for n, c in vars(module).items() if n.lower() == stem and isinstance(c, type)), None)
