"""`--resume`: the options that a run was last set to, without those that are set anew."""

from __future__ import annotations

import argparse

from graphlang.cli import console


def take_up_settings(arguments: argparse.Namespace) -> None:
    """Restores the --set options of the run, except those that are set again, and its backend where none is
    named."""
    from graphlang.diagnostics import GraphError
    from graphlang.diagnostics.weights import FileInSettings
    from graphlang.training.run_folder import RUN, about_run, backend_before, settings_of

    own = set(about_run(arguments.resume).get("hypers", {}))
    set_now = [name for name, _ in arguments.set]
    before = settings_of(arguments.resume).items()
    kept = {name: value for name, value in before if not any(_replaces(now, name, own) for now in set_now)}
    for name, value in kept.items():
        if value.startswith("@"):
            raise GraphError([FileInSettings(str(arguments.resume / RUN), name, value)])
    restored = [f"--set {name}={value}" for name, value in kept.items()]
    backend = backend_before(arguments.resume)["name"]
    if arguments.backend is None and backend == "jax":
        arguments.backend = backend
        restored.append(f"--backend {backend}")
    if restored:
        console.note(f"going on with what the run was last set to: {' '.join(restored)}")
    arguments.set = [*kept.items(), *arguments.set]


def _replaces(now: str, before: str, own: set[str]) -> bool:
    """Whether a setting takes the place of one of before; `own` are the `hyper`s of the file, which are short
    for nothing."""
    from graphlang.resolve.section_models import excluded

    if now == before:
        return True
    if now in own or before in own:
        return False
    names = [now, *excluded(now if "." in now else f"train.{now}")]
    return any(_same(name, before) for name in names) or before.startswith(f"{now}.")


def _same(one: str, other: str) -> bool:
    """Whether two names are of one setting: `epochs` is short for `train.epochs`, `lr` for
    `train.optimizer.lr`."""
    if "." in one and "." in other:
        return one == other
    return one.rpartition(".")[2] == other.rpartition(".")[2]
