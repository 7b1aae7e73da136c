"""Writes fables.txt, the small text that the language models learn: fables put together from parts.

    python specs/data/make_fables.py

Every sentence is written for this repository and is under its licence. A fable draws two animals, a thing
that they both want, a place, and how it ends; the same seed writes the same bytes everywhere.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

FABLES = 110
HERE = Path(__file__).parent

ANIMALS = "fox crow hare wolf mouse owl goat bear frog hen cat dog".split()
KINDS = "old young clever proud hungry tired small kind".split()
THINGS = [
    "a round cheese",
    "a red apple",
    "a warm coat",
    "a silver bell",
    "a sweet pear",
    "a bag of nuts",
    "a loaf of bread",
]
PLACES = [
    "at the edge of the wood",
    "by the river",
    "under a tall oak",
    "behind the mill",
    "on a green hill",
    "near the old well",
]
TIMES = [
    "one morning",
    "one evening",
    "in the spring",
    "on a cold day",
    "after the rain",
    "when the moon was up",
]
OPENINGS = [
    "Once upon a time there was {a} {animal} who lived {place}.",
    "{A} {animal} had a house {place}.",
    "Once upon a time {a} {animal} and {b} {other} lived {place}.",
]
FINDS = [
    "{Time} the {animal} found {thing} and wanted to keep it.",
    "{Time} the {animal} went out and came home with {thing}.",
    "{Time} the {animal} saw {thing} lying on the road.",
]
MEETINGS = [
    'The {other} came by and said, "Will you give me half of it?"',
    'Then came {b} {other}, and it said, "That is mine, I lost it here."',
    'The {other} saw it and said, "You sing so well, will you sing for me?"',
]
ANSWERS = {
    "share": [
        '"There is enough for two," said the {animal}, and they sat down together.',
        'The {animal} thought for a while and said, "Take half, and be my friend."',
    ],
    "keep": [
        '"No," said the {animal}, "what I have I keep," and it ran into the wood.',
        "The {animal} laughed and shut the door, and the {other} went away.",
    ],
    "boast": [
        "The {animal} was so glad to hear it that it let go, and the {other} ran off with the thing.",
        '"Nobody is as good as I am," said the {animal}, and did not look where it went.',
    ],
}
ENDINGS = {
    "share": [
        "When the winter came the {other} had bread, and the {animal} was not hungry.",
        "From that day on they were never alone.",
    ],
    "keep": [
        "When the winter came the {animal} was cold, and nobody opened a door.",
        "It sat alone with what it had, and it was not glad.",
    ],
    "boast": [
        "It fell into the water, and the frog laughed until the evening.",
        "So the {animal} went home with nothing but a song.",
    ],
}
MORALS = {
    "share": "What is shared is not lost.",
    "keep": "Who keeps all is left alone.",
    "boast": "Praise is a hook with a sweet worm.",
}


def main() -> None:
    draw = random.Random(5)  # noqa: S311 - no secret is drawn
    text = "\n\n".join(fable(draw) for _ in range(FABLES)) + "\n"
    (HERE / "fables.txt").write_bytes(text.encode())


def fable(draw: random.Random) -> str:
    animal, other = pick(draw, ANIMALS), pick(draw, ANIMALS)
    while other == animal:
        other = pick(draw, ANIMALS)
    kind, second = pick(draw, KINDS), pick(draw, KINDS)
    end = pick(draw, list(MORALS))
    parts = [OPENINGS, FINDS, MEETINGS, ANSWERS[end], ENDINGS[end], [f"The moral is: {MORALS[end]}"]]
    names = {
        "animal": animal,
        "other": other,
        "a": with_article(kind),
        "A": with_article(kind).capitalize(),
        "b": with_article(second),
        "place": pick(draw, PLACES),
        "thing": pick(draw, THINGS),
        "Time": pick(draw, TIMES).capitalize(),
    }
    return "\n".join(pick(draw, sentences).format(**names) for sentences in parts)


def pick(draw: random.Random, choices: Sequence[str]) -> str:
    # `random()` is the one method whose stream Python promises to keep.
    return choices[int(draw.random() * len(choices))]


def with_article(word: str) -> str:
    return f"{'an' if word[0] in 'aeiou' else 'a'} {word}"


if __name__ == "__main__":
    main()
