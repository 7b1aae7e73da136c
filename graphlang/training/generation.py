"""Generates text: a language model predicts the next character, again and again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from graphlang.diagnostics import GraphError
from graphlang.diagnostics.running import CharacterNotLearnt, NoTextModel, UnknownCharacter
from graphlang.engine.compiled import Predictor
from graphlang.engine.model import Model
from graphlang.training.sections import open_data


def continuation(
    model: Model, start: str, length: int, *, temperature: float = 0.0, seed: int = 0
) -> Iterator[str]:
    """The `length` characters that follow `start`, one by one.

    At temperature 0 it is the likeliest character, else one that is drawn from softmax(scores /
    temperature) with `seed`. The model gets the last `window` characters. Raises GraphError where the
    graph is no language model, or `start` has a character that is not in the training text.
    """
    field, window = _text_model(model)
    vocab = open_data(model).vocab
    ids = _ids(start, vocab)
    predict = Predictor(model)
    generator = np.random.default_rng(seed)
    for _ in range(length):
        ids = ids[-window:]
        scores = _after(model, predict({field: _filled(ids, window)}), len(ids))
        chosen = _chosen(scores, temperature, generator)
        ids.append(chosen)
        yield vocab[chosen]


def _text_model(model: Model) -> tuple[str, int]:
    """The input that takes the characters, and how many of them it takes."""
    data = model.spec.data
    if data is None or data.source.name != "text":
        raise GraphError([NoTextModel(model.file, "its data is no `text(...)`")])
    field = next((name for name, field in data.fields.items() if field == "x"), None)
    if field is None or len(model.network.outputs) != 1:
        raise GraphError([NoTextModel(model.file, "it needs an input `x = x` and one output, the scores")])
    return field, int(data.source.attributes["window"])


def _ids(text: str, vocab: Sequence[str]) -> list[int]:
    ids = {character: i for i, character in enumerate(vocab)}
    for place, character in enumerate(text):
        if character not in ids:
            raise GraphError([CharacterNotLearnt(vocab, character, place + 1)])
    if not text:
        raise GraphError([UnknownCharacter.empty_text(vocab)])
    return [ids[character] for character in text]


def _filled(ids: Sequence[int], window: int) -> Any:
    """A batch of one text, padded at its end to the length of the window.

    The scores at a place depend on no later character, so one program of one shape serves every length.
    """
    x = np.zeros((1, window), np.int64)
    x[0, : len(ids)] = ids
    return x


def _after(model: Model, scores: Any, length: int) -> Any:
    """The scores of the character after the first `length` ones."""
    if np.ndim(scores) != 3:
        raise GraphError([NoTextModel(model.file, "its output has not the shape [N, T, characters]")])
    return scores[0, length - 1]


def _chosen(scores: Any, temperature: float, generator: np.random.Generator) -> int:
    if temperature == 0:
        return int(np.argmax(scores))
    scaled = scores.astype(np.float64) / temperature
    p = np.exp(scaled - np.max(scaled))
    return int(generator.choice(len(p), p=p / np.sum(p)))
