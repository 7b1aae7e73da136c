"""Makes reviews.npz and review_words.txt: sentences about films, each with what it thinks of the film.

    python specs/data/make_reviews.py

A clause says that something of the film was good or bad: "the plot was very clever". "not", "never" and
"hardly" turn it into the opposite, "very" and "quite" change nothing. Of two clauses with "but" the second
counts: "the music was good but the plot was never clever" is against the film. With "and" both agree.

Array `x` [N, 14] has the places of the words in review_words.txt, filled up with 0, `length` [N] how many
there are, and `t` [N] is 1 for the film and 0 against it. No sentence of the test stands in training.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from make_mnist_12k import write

HERE = Path(__file__).parent
THINGS = "plot music ending cast story dialogue".split()
GOOD = "good clever lovely funny moving fine".split()
BAD = "bad dull silly boring weak stale".split()
NOT = "not never hardly".split()
MUCH = "very quite".split()
WORDS = ["", "the", "was", "but", "and", *NOT, *MUCH, *THINGS, *GOOD, *BAD]
TRAINING, TEST, LONGEST = 3000, 600, 14


def main() -> None:
    bits = iter(np.random.PCG64(9).random_raw(100_000).tolist())

    def chosen(words: list[str]) -> str:
        # Raw bits, because NumPy promises the stream of a bit generator, not that of `choice`.
        return words[(next(bits) >> 12) % len(words)]

    sentences: dict[str, int] = {}
    while len(sentences) < TRAINING + TEST:
        sentence, praises = review(chosen)
        sentences[sentence] = praises
    arrays = {}
    for split, part in (("train", slice(TRAINING)), ("test", slice(TRAINING, None))):
        rows = [sentence.split() for sentence in list(sentences)[part]]
        ids = [[WORDS.index(word) for word in row] + [0] * (LONGEST - len(row)) for row in rows]
        arrays[f"x_{split}"] = np.array(ids, np.uint8)
        arrays[f"length_{split}"] = np.array([len(row) for row in rows], np.uint8)
        arrays[f"t_{split}"] = np.array(list(sentences.values())[part], np.uint8)
    write(HERE / "reviews.npz", arrays)
    (HERE / "review_words.txt").write_text("\n".join(WORDS) + "\n", encoding="utf-8")


def review(chosen: Callable[[list[str]], str]) -> tuple[str, int]:
    """A sentence, and whether it is for the film."""
    first, praises = clause(chosen)
    joined = chosen(["", "but", "but", "and"])
    if not joined:
        return first, praises
    second, praises_too = clause(chosen)
    while joined == "and" and praises_too != praises:
        second, praises_too = clause(chosen)
    return f"{first} {joined} {second}", praises_too


def clause(chosen: Callable[[list[str]], str]) -> tuple[str, int]:
    words = ["the", chosen(THINGS), "was"]
    turned = chosen(["", "", "not"])
    words += [chosen(NOT)] if turned else []
    words += [chosen(MUCH)] if chosen(["", "much"]) else []
    praises = int(chosen(["good", "bad"]) == "good")
    words.append(chosen(GOOD if praises else BAD))
    return " ".join(words), 1 - praises if turned else praises


if __name__ == "__main__":
    main()
