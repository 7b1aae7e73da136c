"""Writes fables.txt, the small text that the language models learn: fables put together from parts.

    python specs/data/make_fables.py

Every sentence was written for this repository and is dedicated to the public domain (CC0 1.0). A fable
takes two animals, a thing, a place and a plot, and holds on to them to the end: whoever writes it has to
remember whom it is about.

The last tenth of the text, on which the models are tested, has combinations that the rest never has.
Animals, things and places are dealt into six families. A fable of the first nine tenths takes its two
animals, its thing and its place from four different families; a fable of the last tenth takes all four from
one. Every sentence names two of the four, so that no sentence of the last tenth stands in the rest.

The same seed writes the same bytes everywhere.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

TRAINING = 1000
TESTED = 0.1
FAMILIES = 6
HERE = Path(__file__).parent

# Each animal has an initial of its own: one letter is what has to be remembered.
ANIMALS = {
    "he": "Bear Dog Fox Jay Lion Wolf".split(),
    "she": "Crow Goat Hare Mouse Quail Vole".split(),
}
PRONOUNS = {"he": ("he", "him", "his", "his"), "she": ("she", "her", "her", "hers")}
THINGS = [
    *"a red apple,a silver bell,a warm coat,an old drum,a big fish,a new hat".split(","),
    *"an iron key,a bright lamp,a sweet melon,a ripe plum,a gold ring,a blue vase".split(","),
]
PLACES = [
    *"at the edge of the wood,by the river,under the oak,behind the mill,on the hill,near the well".split(
        ","
    ),
    *"in the valley,below the bridge,at the crossroads,beside the pond,by the sea,on the island".split(","),
]
KINDS = "old young clever proud hungry lazy brave kind".split()
TIMES = "one morning,one evening,in the spring,on a cold day,after the rain,at noon".split(",")

OPENINGS = [
    "Once upon a time {kind} {animal} lived {place}.",
    "{Kind} {animal} had a house {place}.",
    "{Place} lived {kind} {animal}.",
]
FINDS = [
    "{Time} {animal} found {a_thing}.",
    "{Time} {animal} came home with {a_thing}.",
    "{animal} had {a_thing} and was proud of it.",
]
REQUESTS = [
    '"Share the {thing} with me, {animal}," said {kind_of_other} {other}.',
    "Then {kind_of_other} {other} came to {animal} and was cold and poor.",
]
PLOTS = {
    "what is shared is not lost": [
        REQUESTS,
        [
            "So {animal} shared the {thing} with {other}.",
            '"Take the {thing}, {other}," said {animal}.',
        ],
        [
            "When winter came {other} gave {animal} bread, and {he} was not hungry.",
            "From that day on {other} and {animal} were friends.",
        ],
    ],
    "who keeps all is left alone": [
        REQUESTS,
        [
            '"No," said {animal} to {other}, "the {thing} is mine."',
            "{animal} shut the door and kept the {thing}.",
        ],
        [
            "When winter came {other} had no bread for {animal}, and {he} was hungry.",
            "Now {animal} sits alone {place} with {his} {thing}.",
        ],
    ],
    "praise is a hook with a worm": [
        [
            '"How well you sing, {animal}!" said {kind_of_other} {other}.',
            "Then {kind_of_other} {other} asked {animal} for a song.",
        ],
        [
            "So {animal} sang for {other} and let go of the {thing}.",
            "{animal} sang and sang, and forgot the {thing}.",
        ],
        [
            "{other} ran off with the {thing}, and {animal} ran after {her}.",
            "{other} took the {thing} and left {animal} with a song.",
        ],
    ],
    "nobody hears a liar": [
        [
            '"Run, {animal}!" cried {kind_of_other} {other}.',
            '"The hunter wants your {thing}," said {kind_of_other} {other} to {animal}.',
        ],
        [
            "{animal} ran away, and {other} took the {thing}.",
            "{animal} left the {thing} and hid {place}.",
        ],
        [
            "When the hunter did come {other} called {animal}, but {he} only laughed.",
            "When {other} was in need {she} called {animal}, but {he} did not come.",
        ],
    ],
    "no friend is too small": [
        [
            "That night {animal} fell into a pit, and {kind_of_other} {other} heard {him}.",
            "{animal} fell into a pit and called for {kind_of_other} {other}.",
        ],
        [
            "{other} came {place} and pulled {animal} out.",
            "{other} dug all night until {animal} was free.",
        ],
        [
            "{animal} thanked {other} and gave {her} the {thing}.",
            '"The {thing} is yours," said {animal} to {other}.',
        ],
    ],
}
MORALS = [
    "{animal} and {other} teach us: {moral}.",
    "{animal} and {other} know: {moral}.",
]


def main() -> None:
    draw = random.Random(5)  # noqa: S311 - no secret is drawn
    known = "".join(fable(draw, four_families(draw)) for _ in range(TRAINING))
    new = ""
    while len(longer := new + fable(draw, one_family(draw))) <= TESTED * (len(known) + len(longer)):
        new = longer
    (HERE / "fables.txt").write_bytes((known + new)[:-1].encode())


def four_families(draw: random.Random) -> list[int]:
    """A family each for the two animals, the thing and the place: no two the same."""
    families = list(range(FAMILIES))
    return [families.pop(int(draw.random() * len(families))) for _ in range(4)]


def one_family(draw: random.Random) -> list[int]:
    return [int(draw.random() * FAMILIES)] * 4


def fable(draw: random.Random, families: Sequence[int]) -> str:
    """A fable and an empty line; what it is about comes from these families."""
    first, second, third, fourth = families
    animals = [name for pair in zip(*ANIMALS.values(), strict=True) for name in pair]
    animal = pick(draw, animals[first::FAMILIES])
    other = pick(draw, [name for name in animals[second::FAMILIES] if name != animal])
    a_thing = pick(draw, THINGS[third::FAMILIES])
    moral = pick(draw, list(PLOTS))
    he, him, his, _ = pronouns(animal)
    she, her, _, hers = pronouns(other)
    names = {
        "kind": pick(draw, KINDS),
        "kind_of_other": pick(draw, KINDS),
        "place": pick(draw, PLACES[fourth::FAMILIES]),
        "time": pick(draw, TIMES),
    }
    names |= {name.capitalize(): text.capitalize() for name, text in names.items()}
    names |= {"animal": animal, "other": other, "moral": moral}
    names |= {"a_thing": a_thing, "thing": a_thing.split()[-1]}
    names |= {"he": he, "him": him, "his": his, "she": she, "her": her, "hers": hers}
    sentences = [OPENINGS, FINDS, *PLOTS[moral], MORALS]
    return "\n".join(pick(draw, choices).format(**names) for choices in sentences) + "\n\n"


def pronouns(animal: str) -> tuple[str, str, str, str]:
    return next(PRONOUNS[he] for he, animals in ANIMALS.items() if animal in animals)


def pick(draw: random.Random, choices: Sequence[str]) -> str:
    # `random()` is the one method whose stream Python promises to keep.
    return choices[int(draw.random() * len(choices))]


if __name__ == "__main__":
    main()
