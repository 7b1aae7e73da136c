"""Loops and types in the form that another language gives them."""

from __future__ import annotations

from graphlang.diagnostics.base import wording
from graphlang.diagnostics.syntax.forms import WrongForm

# ---- the head of a loop ----------------------------------------------------------------------------------


class FormOfLoop(WrongForm):
    """The head of a `scan` or a `for`, or the way to its block."""

    keyword: str

    other_sign_for_in = wording(
        "`in` stands between a name and what the `{keyword}` goes through", written="in"
    )
    brackets_around_head = wording(
        "the head of a `{keyword}` has no brackets", "write `{keyword} x in xs` without them"
    )
    several_elements = wording(
        "a `scan` names one element of one sequence",
        "join several sequences, `concat(xs, ys, axis=2)`, and take each step apart in the body",
    )
    counted_elements = wording(
        "a `scan` names one element, and does not count",
        "carry a count of your own: `carry i = 0`, and `next i = i + 1` in the body",
    )
    word_for_carry = wording("what a `scan` carries comes after `carry`", written="carry")
    second_carry = wording("all that a `scan` carries follows one `carry`", "write `carry h = a, c = b`")
    type_of_carried = wording(
        "what a `scan` carries has the type of its start, and no other", "leave `{span}` out"
    )
    brackets_around_carried = wording("what a `scan` carries has no brackets", "write `carry h = a, c = b`")
    starts_together = wording(
        "each value that a `scan` carries has a start of its own", "write `carry h = a, c = b`"
    )
    no_count = wording("`{keyword}` needs to know how often", "write `{keyword} 3 {{ ... }}`")
    as_value = wording(
        "`{keyword}` is a stage of a chain, and no value",
        "send a value through it: `x -> {keyword} ... {{ ... }}`; along an axis of a value goes "
        "`scan x in xs carry h = h0 {{ next h = h + x; yield h }}`",
    )
    indented_block = wording(
        "a block stands in braces, not behind a `:`", "write `{keyword} ... {{` and, at its end, `}}`"
    )


# ---- types and formals -----------------------------------------------------------------------------------


class FormOfType(WrongForm):
    """A type, or the formals of a `def`."""

    written: str

    no_kind = wording("a type says what kind of numbers it has", "write `{written}`")
    in_quotes = wording("a type stands without quotes", "write `{written}`")
    input_as_call = wording("an input is declared, not called", "write `{written}`")
    colon_missing = wording("a `:` stands between a name and its type", "write `{written}`")


class FormOfFormal(WrongForm):
    any_value = wording(
        "`{span}` is no type, and what has no type may be anything",
        "leave the type out: only values have one",
    )
    any_number = wording(
        "a `def` has a name for each of its arguments", "write them one by one, as in `def f(a, b, n=3)`"
    )
