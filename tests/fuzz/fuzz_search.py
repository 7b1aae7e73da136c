"""The search for texts that are met wrongly: one seed after the other, each of the next kind, until the time is over."""

from __future__ import annotations

import itertools
import random
import time
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from grammar_sentences import grammar, joined
from text_checks import fault_of_file, fault_of_sentence, fault_of_text
from text_mutations import corpus, crossed, damaged, mutated

from graphlang.lazy import made_once

COMMANDS = ("check", "run", "summary", "view", "explain-plan", "test", "predict")


class Try(NamedTuple):
    """A text or the bytes of a file, and what was wrong with it."""

    content: str | bytes
    fault: str | None


@made_once
def texts() -> list[str]:
    return corpus()


def of_program(seed: int) -> Try:
    """A program over the whole language: every way to compute it agrees, and its gradients are the slopes."""
    from random_program import random_program

    text = random_program(random.Random(seed)).text
    return Try(text, fault_of_text(text, seed))


def of_words(seed: int) -> Try:
    """A file of the repository with wrong words, or lines of another; what still loads is computed in every way."""
    r = random.Random(seed)
    text = r.choice(texts())
    text = crossed(text, r.choice(texts()), r) if r.random() < 0.3 else mutated(text, r)
    return Try(text, fault_of_text(text, seed))


def of_bytes(seed: int) -> Try:
    """A file of the repository with wrong bytes, given to commands."""
    r = random.Random(seed)
    data = damaged(r.choice(texts()).encode(), r)
    return Try(data, fault_of_file(data, (r.choice(COMMANDS),)))


def of_grammar(seed: int) -> Try:
    """A sentence of the grammar: it is parsed, to the same tree whatever stands between its words."""
    r = random.Random(seed)
    words = grammar().sentence(r, r.randint(3, 60))
    text = joined(words, r)
    return Try(text, fault_of_sentence(text, joined(words, r)) or fault_of_text(text, seed))


KINDS: dict[str, Callable[[int], Try]] = {
    "programs": of_program,
    "words": of_words,
    "bytes": of_bytes,
    "grammar": of_grammar,
}


class Search(NamedTuple):
    """Which kinds are tried from which seed on, until when, and where what fails is written."""

    kinds: tuple[str, ...]
    first: int
    end: float
    folder: Path | None = None
    most: int = 20


def look_until(search: Search) -> tuple[Counter[str], dict[tuple[str, str], int]]:
    """How many texts of each kind were tried; and for each fault, by its kind, the first seed that has it."""
    warnings.simplefilter("error")
    counts: Counter[str] = Counter()
    faults: dict[tuple[str, str], int] = {}
    for seed in itertools.count(search.first):
        for kind in search.kinds:
            if time.time() > search.end or len(faults) >= search.most:
                return counts, faults
            counts[kind] += 1
            content, fault = KINDS[kind](seed)
            if fault is not None and (kind, fault) not in faults:
                faults[kind, fault] = seed
                _show(kind, seed, content, fault, search.folder)
    raise AssertionError


def _show(kind: str, seed: int, content: str | bytes, fault: str, folder: Path | None) -> None:
    print(f"==== {kind} {seed}: {fault}\n{content!r}\n", flush=True)
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        data = content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass")
        (folder / f"{kind}-{seed}.graph").write_bytes(data)
