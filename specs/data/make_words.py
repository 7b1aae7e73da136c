"""Makes cbow.npz and words.txt from fables.txt: for every word, the two words on each side of it.

    python specs/data/make_words.py

Arrays: `context` [N, 4] and `word` [N], ids of words; words.txt has the words in the order of their ids. As
in "Deep Learning from Scratch 2", section 3.1, words are lower case and a full stop is a word.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from make_mnist_12k import write

HERE = Path(__file__).parent
SIDE = 2


def main() -> None:
    words = re.findall(r"[a-z]+|\.", (HERE / "fables.txt").read_text(encoding="utf-8").lower())
    vocabulary = sorted(set(words))
    ids = np.array([vocabulary.index(word) for word in words], np.uint8)
    around = [k for k in range(-SIDE, SIDE + 1) if k]
    places = np.arange(SIDE, len(ids) - SIDE)
    context = np.stack([ids[places + k] for k in around], axis=1)
    write(HERE / "cbow.npz", {"context": context, "word": ids[places]})
    (HERE / "words.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
