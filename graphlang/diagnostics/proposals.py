"""GL632: tables for which no network is proposed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from graphlang.diagnostics.base import OfFile, wording


class NoProposal(OfFile):
    """No column of a table can be predicted from the others, or the one that was named cannot.

    A column that is predicted has a value in every row: numbers, or a few different words or whole numbers,
    each of which is a class. The columns that it is predicted from differ from row to row, and are not names
    of the rows.

        graphlang new flats --from flats.csv --target address

    Fix: name another column with `--target`, or mend the table as the help says.
    """

    code = "GL632"

    one_row = wording(
        "`{file}` has one row, and nothing can be learned from that", "add rows: a few dozen are a beginning"
    )
    one_column = wording(
        "`{file}` has one column, and there is nothing to predict it from",
        "add columns; what goes on in a file of one column is a series (see `graphlang lessons`)",
    )


class UnfitTarget(NoProposal):
    message = "the column `{name}` of `{file}` cannot be predicted: it {why}"

    name: str
    why: str
    kind: Literal["gaps", "constant", "words", "numbers", "dates", "unreadable"]
    others: Sequence[str]

    @property
    def help(self) -> str:
        mend = {
            "gaps": "fill the cells, or take the rows away",
            "words": "put the words into a few classes, or write numbers alone",
            "numbers": "leave `--as classes` out, and a number is predicted",
            "dates": "write a number in their place, as the days since a day",
        }.get(self.kind)
        other = f"name another column with `--target`, such as `{self.others[0]}`" if self.others else None
        told = [part for part in (mend, other) if part]
        return "; or ".join(told) or "give the table a column of numbers, or of a few classes"


class NoTarget(NoProposal):
    message = "no column of `{file}` can be predicted: {reasons}"
    help = "give the table a column with numbers, or a few classes, in every row"

    reasons: str


class NoFeatures(NoProposal):
    message = "`{file}` has no column from which `{name}` can be predicted: {reasons}"
    help = "give the table columns with numbers, words that occur in several rows, or texts of several words"

    name: str
    reasons: str
