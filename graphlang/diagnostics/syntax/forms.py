"""Declarations, definitions, sections and chains in the form that another language gives them."""

from __future__ import annotations

from graphlang.diagnostics.base import wording
from graphlang.diagnostics.syntax.general import Rewritable


class WrongForm(Rewritable):
    """A declaration, a definition, a section or a chain stands in the form that another language gives it.

        input x: float(N, 3)
        y = x -> Affine 4

    Sizes go in square brackets, the arguments of a layer in round ones, and blocks in braces. A name
    stands before its type and its value, as in `x: float[N]` and `x = 3`, and nothing ends a statement.

    Fix: write it as the message says: `float[N, 3]`, `Affine(4)`.
    """

    code = "GL154"

    sizes_in_several_lists = wording(
        "all sizes of a shape go in one list", "write one list, as in `float[N, 3]`"
    )
    keyword_repeated = wording("`{span}` is written once, before all its names", "write `{span} a, b`")
    comma_at_end = wording("a statement does not end with `,`", "remove it")
    output_in_quotes = wording("outputs are names, without quotes", "leave the quotes out")
    output_with_type = wording("an output has the type of its value", "leave `{span}` out")
    brackets_around_outputs = wording("outputs are listed without brackets", "write `output y, z`")
    other_comparison_in_expect = wording("`expect` compares with `~=`", written="~=")
    tolerance_without_within = wording("the tolerance comes after `within`", written="within")
    equals_before_block = wording("a block takes no `=` before it", "write `def f(x) {{ return ... }}`")
    arrow_before_result_type = wording("the type of a result comes after `:`", written=":")
    result_of_other_type = wording(
        "`{span}` is no type of this language, and a result needs none", "leave it out"
    )
    arrow_before_result = wording("a `def` gets its value with `=`", "write `def f(x) = ...`")
    result_without_return = wording("the result of a `def` comes after `return`", "write `return {span}`")
    comma_before_carry = wording("what a `scan` carries comes after `carry`", written="carry")
    layers_in_square_brackets = wording(
        "several layers go in `layers {{ ... }}`", "write `x -> layers {{ A(4); Relu }}`"
    )
    block_without_word = wording("a block of layers needs a word before it", "write `x -> layers {{ ... }}`")
    word_after_repeat = wording("`repeat` takes a number and nothing else", "write `repeat 3 {{ ... }}`")
    block_called = wording("a value goes into `{span}` with `->`", "write `x -> {span} {{ ... }}`")
    chain_as_layer = wording(
        "a `layer` shares one layer; a `def` holds several", "write `def Name(x) = x -> Affine(4) -> Relu`"
    )


# ---- types -----------------------------------------------------------------------------------------------


class RewrittenForm(WrongForm):
    written: str

    sizes_in_other_brackets = wording("the sizes of a shape go in square brackets")
    sizes_not_divided = wording("sizes are separated by `,`")
    type_before_name = wording("a type comes after its name")
    semicolon_before_type = wording("a type comes after `:`")
    formals_without_brackets = wording("the arguments of a `def` go in brackets")
    attribute_without_brackets = wording("the arguments of a layer go in brackets")


class FormOfName(WrongForm):
    name: str

    size_without_name = wording("a size that the data decides needs a name", "write a name, such as `{name}`")
    type_of_hyper = wording(
        "a `hyper` has no type: it is a number, a word or a list", "write `hyper {name} = ...`"
    )
    other_sign_for_equals = wording(
        "`{name}` gets its value with `=`, not with `{span}`", "write `{name} = ...`"
    )
    colon_in_call = wording("`{name}` gets its value with `=`, not with `:`", "write `{name}=...`")
    equals_missing = wording("`=` is missing after `{name}`", "write `{name} = ...`")
    output_with_value = wording(
        "`output` names a value that another statement defines", "write `{name} = ...`, and `output {name}`"
    )
    label_outside_block = wording(
        "a label is only allowed in a block of layers", "write `layers {{ {name}: ... }}`"
    )


# ---- names and values ------------------------------------------------------------------------------------


class FormOfKeyword(WrongForm):
    keyword: str

    colon_after = wording("no `:` follows `{keyword}`", "write `{keyword} ...`")
    sign_before_block = wording(
        "no `{span}` goes between `{keyword}` and its block", "write `{keyword} {{ ... }}`"
    )
    settings_in_round_brackets = wording(
        "the settings of `{keyword}` go in a block in braces", "write `{keyword} {{ name = value; ... }}`"
    )
    brackets_for_block = wording(
        "the layers of `{keyword}` go in a block in braces", "write `{keyword} {{ A(4); Relu }}`"
    )
    colon_before_block = wording("no `:` goes between `{keyword}` and its block", "write `{keyword} ... {{`")


class ImportWithoutName(WrongForm):
    message = "an import needs a name"
    help = "write `import {path} as {name}`"
    path: str
    name: str


# ---- definitions and sections ----------------------------------------------------------------------------


# ---- chains ----------------------------------------------------------------------------------------------


class RangeInFor(WrongForm):
    message = "`for` goes through a list"
    help = "write `for i in {values}`"
    values: str


class ChainAsOperand(WrongForm):
    message = "a chain needs brackets before `{span}`"
    help = "write `({chain}) {span} ...`"
    chain: str


class LayerAfterName(WrongForm):
    message = "`layer` comes before the name"
    help = "write `layer {name} = {kind}...`"
    name: str
    kind: str
