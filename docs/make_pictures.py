"""Makes the pictures of the documentation: `python docs/make_pictures.py [KIND...]`.

The kinds are `figures`, `chapter5`, `terminal` and `pages`. Figures are SVG, a terminal is recorded as text,
and Chromium takes screenshots of pages. Without a word all are made.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pictures_chapter5
import pictures_figures
import pictures_pages
import pictures_terminal

HERE = Path(__file__).parent
KINDS = {
    "figures": (pictures_figures.write, ""),
    "chapter5": (pictures_chapter5.write, "tutorial/chapter5"),
    "terminal": (pictures_terminal.write, "terminal"),
    "pages": (pictures_pages.write, "pictures"),
}
"""What makes each kind of pictures, and its folder."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=f"of {', '.join(KINDS)} (default: all)")
    parser.add_argument("-o", "--output", type=Path, default=HERE, metavar="FOLDER", help="default: docs")
    arguments = parser.parse_args()
    unknown = set(arguments.kinds) - set(KINDS)
    if unknown:
        parser.error(f"no kind of pictures: {', '.join(sorted(unknown))}")
    for kind in arguments.kinds or KINDS:
        write, folder = KINDS[kind]
        for path in write(arguments.output / folder):
            print(path)


if __name__ == "__main__":
    main()
