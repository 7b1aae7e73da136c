"""Declarations, definitions, sections and chains in the form that another language gives them."""

from __future__ import annotations

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


# ---- types -----------------------------------------------------------------------------------------------


class SizesInOtherBrackets(WrongForm):
    message = "the sizes of a shape go in square brackets"

    written: str


class SizesInSeveralLists(WrongForm):
    message = "all sizes of a shape go in one list"
    help = "write one list, as in `float[N, 3]`"


class SizesNotDivided(WrongForm):
    message = "sizes are separated by `,`"

    written: str


class SizeWithoutName(WrongForm):
    message = "a size that the data decides needs a name"
    help = "write a name, such as `{name}`"

    name: str


class TypeBeforeName(WrongForm):
    message = "a type comes after its name"

    written: str


class SemicolonBeforeType(WrongForm):
    message = "a type comes after `:`"

    written: str


class TypeOfHyper(WrongForm):
    message = "a `hyper` has no type: it is a number, a word or a list"
    help = "write `hyper {name} = ...`"

    name: str


# ---- names and values ------------------------------------------------------------------------------------


class OtherSignForEquals(WrongForm):
    message = "`{name}` gets its value with `=`, not with `{span}`"
    help = "write `{name} = ...`"

    name: str


class ColonInCall(WrongForm):
    message = "`{name}` gets its value with `=`, not with `:`"
    help = "write `{name}=...`"

    name: str


class EqualsMissing(WrongForm):
    message = "`=` is missing after `{name}`"
    help = "write `{name} = ...`"

    name: str


class ColonAfterKeyword(WrongForm):
    message = "no `:` follows `{keyword}`"
    help = "write `{keyword} ...`"

    keyword: str


class KeywordRepeated(WrongForm):
    message = "`{span}` is written once, before all its names"
    help = "write `{span} a, b`"


class CommaAtEnd(WrongForm):
    message = "a statement does not end with `,`"
    help = "remove it"


class BracketsAroundOutputs(WrongForm):
    message = "outputs are listed without brackets"
    help = "write `output y, z`"


class OutputWithValue(WrongForm):
    message = "`output` names a value that another statement defines"
    help = "write `{name} = ...`, and `output {name}`"

    name: str


class OtherComparisonInExpect(WrongForm):
    message = "`expect` compares with `~=`"
    written = "~="


class ToleranceWithoutWithin(WrongForm):
    message = "the tolerance comes after `within`"
    written = "within"


class ImportWithoutName(WrongForm):
    message = "an import needs a name"
    help = "write `import {path} as {name}`"

    path: str
    name: str


# ---- definitions and sections ----------------------------------------------------------------------------


class EqualsBeforeBlock(WrongForm):
    message = "a block takes no `=` before it"
    help = "write `def f(x) {{ return ... }}`"


class ArrowBeforeResultType(WrongForm):
    message = "the type of a result comes after `:`"
    written = ":"


class ArrowBeforeResult(WrongForm):
    message = "a `def` gets its value with `=`"
    help = "write `def f(x) = ...`"


class FormalsWithoutBrackets(WrongForm):
    message = "the arguments of a `def` go in brackets"

    written: str


class ResultWithoutReturn(WrongForm):
    message = "the result of a `def` comes after `return`"
    help = "write `return {span}`"


class SignBeforeBlock(WrongForm):
    message = "no `{span}` goes between `{keyword}` and its block"
    help = "write `{keyword} {{ ... }}`"

    keyword: str


class SettingsInRoundBrackets(WrongForm):
    message = "the settings of `{keyword}` go in a block in braces"
    help = "write `{keyword} {{ name = value; ... }}`"

    keyword: str


class CommaBeforeCarry(WrongForm):
    message = "what a `scan` carries comes after `carry`"
    written = "carry"


# ---- chains ----------------------------------------------------------------------------------------------


class AttributeWithoutBrackets(WrongForm):
    message = "the arguments of a layer go in brackets"

    written: str


class LayersInSquareBrackets(WrongForm):
    message = "several layers go in `layers {{ ... }}`"
    help = "write `x -> layers {{ A(4); Relu }}`"


class BlockWithoutWord(WrongForm):
    message = "a block of layers needs a word before it"
    help = "write `x -> layers {{ ... }}`"


class BracketsForBlock(WrongForm):
    message = "the layers of `{keyword}` go in a block in braces"
    help = "write `{keyword} {{ A(4); Relu }}`"

    keyword: str


class ColonBeforeCountedBlock(WrongForm):
    message = "no `:` goes between `{keyword}` and its block"
    help = "write `{keyword} ... {{`"

    keyword: str


class WordAfterRepeat(WrongForm):
    message = "`repeat` takes a number and nothing else"
    help = "write `repeat 3 {{ ... }}`"


class RangeInFor(WrongForm):
    message = "`for` goes through a list"
    help = "write `for i in {values}`"

    values: str


class BlockCalled(WrongForm):
    message = "a value goes into `{span}` with `->`"
    help = "write `x -> {span} {{ ... }}`"


class ChainAsOperand(WrongForm):
    message = "a chain needs brackets before `{span}`"
    help = "write `({chain}) {span} ...`"

    chain: str


class LayerAfterName(WrongForm):
    message = "`layer` comes before the name"
    help = "write `layer {name} = {kind}...`"

    name: str
    kind: str


class ChainAsLayer(WrongForm):
    message = "a `layer` shares one layer; a `def` holds several"
    help = "write `def Name(x) = x -> Affine(4) -> Relu`"


class LabelOutsideBlock(WrongForm):
    message = "a label is only allowed in a block of layers"
    help = "write `layers {{ {label_name}: ... }}`"

    label_name: str
