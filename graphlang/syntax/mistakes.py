"""Recognises a mistake: from the token that the parser could not use to a diagnostic that names the fix."""

from __future__ import annotations

from collections.abc import Callable

from graphlang.diagnostics import Diagnostic, Edit, Span
from graphlang.diagnostics.syntax import brackets, characters, literals, operators, statements
from graphlang.diagnostics.syntax.foreign import EqualsForLabel, ForeignNotation, WrittenOtherwise
from graphlang.diagnostics.syntax.general import UnexpectedSyntax
from graphlang.syntax import (
    column_names,
    comments,
    foreign_numbers,
    forms,
    imports,
    lexer,
    loop_heads,
    notation,
    python,
    settings,
    stages,
    types,
)
from graphlang.syntax.expected import construct, expected, offender
from graphlang.syntax.hyphens import hyphen_in_name
from graphlang.syntax.misspelt import misspelt, unknown_block
from graphlang.syntax.settings import commas
from graphlang.syntax.surroundings import (
    BINARY,
    BLOCKS,
    OPERATORS,
    PAIRS,
    SECTIONS,
    TOP,
    ErrorContext,
    Word,
    end_of_block,
    is_value,
    starts,
    starts_value,
)


def mistake(c: ErrorContext) -> Diagnostic:
    for rule in _RULES:
        diagnostic = rule(c)
        if diagnostic:
            return diagnostic
    kind = UnexpectedSyntax if c.word else UnexpectedSyntax.too_early
    return kind(c.here, offender(c), expected(c.accepts), *construct(c))


def _stray(c: ErrorContext) -> Diagnostic | None:
    if c.kind != "STRAY":
        return None
    span = c.here
    text = span.text
    if text in ("=>", "|>", "|", "^", "&&", "||", "&", "!", "~"):
        if text == "^":
            return operators.CaretPower(span)
        if text == "~" and len(c.line) == 1:  # as in R and Stan
            return ForeignNotation.arrow_left(span, [Edit(span, "=")])
        if text not in ("=>", "|>", "|"):
            return operators.SpelledOperator(span)
        return operators.NotAnArrow(span, [c.replaced(w, "->") for w in c.rest_of_line[1:] if w.text == text])
    if text in lexer.FOREIGN_SYMBOLS:
        if text == "===":
            return WrittenOtherwise(span, [Edit(span, "==")], "==")
        return statements.UpdateInPlace(span, c.previous.text if c.previous else "y")
    if text[0] == '"':
        return literals.UnterminatedString(span)
    if text[0] == "'":
        return (
            literals.SingleQuotes(span)
            if len(text) > 1 and text[-1] == "'"
            else literals.UnterminatedString(span)
        )
    if text in characters.LookAlike.symbols:
        return characters.LookAlike(span)
    if len(text) > 1:
        bad = next((i for i, letter in enumerate(text) if not f"a{letter}".isidentifier()), 0)
        return characters.NotInNames(Span(span.start + bad, span.start + bad + 1, c.source), text)
    return _strange_character(span, text)


def _strange_character(span: Span, text: str) -> Diagnostic:
    import unicodedata

    if unicodedata.category(text) in ("Cf", "Zs", "Zl", "Zp", "Cc"):
        return characters.InvisibleCharacter(span)
    if unicodedata.category(text) == "Nd":
        return characters.ForeignDigit(span)
    return characters.StrayCharacter(span)


def _line_that_goes_on(c: ErrorContext) -> Diagnostic | None:
    """`y = a +` and the next statement read as one: the line end after an operator did not count."""
    if len(c.before) < 2 or c.word is None:
        return None
    cut, head = c.before[-2], c.before[-1]
    if head.column < 0 or head.kind != lexer.NAME or head.fresh or c.in_list:
        return None
    if c.word.text != "=" and not (head.text in lexer.STATEMENT_WORDS and starts_value(c.word)):
        return None
    if cut.text not in (*OPERATORS, "=", ","):
        return None
    c.resume = head.start
    share = foreign_numbers.share(c, c.before[:-1])
    if share is not None:
        return share
    return (
        operators.DanglingOperator(c.span(cut))
        if cut.text in OPERATORS
        else statements.MissingValue(c.span(cut))
    )


def _unclosed(c: ErrorContext) -> Diagnostic | None:
    bracket, word = c.bracket, c.word
    if bracket is None:
        return None
    if c.kind == "$END":
        end = end_of_block(c) if bracket.text == "{" else None
        c.resume = end.start if end else None
        return brackets.UnclosedBracket(c.span(bracket), c.span(end) if end else None)
    of_type = bracket.text == "[" and len(c.before) > 1 and _is_type(c.before[c.open[-1] - 1])
    if of_type and word and word.text in ("=", ":"):
        declared = word.text == ":" and len(c.before) > 1 and c.before[-2].text == ","
        return brackets.UnclosedBracket(
            c.span(bracket), c.span(c.before[-2]) if declared else c.here, of_type=True
        )
    if c.kind == "_NL" and c.in_list:
        return brackets.UnclosedBracket(c.span(bracket), c.here)
    if word is None:
        return None
    if word.text in PAIRS and PAIRS[word.text] != bracket.text:
        if any(c.before[i].text == PAIRS[word.text] for i in c.open):
            return brackets.UnclosedBracket(c.span(bracket), c.here)
        return brackets.WrongClosing(c.here, c.span(bracket))
    home = max(c.before[0].column, 0)
    if c.in_list:
        home = max(home, c.line[0].column if c.line else -1)
        new_line = -1 < word.column <= home and (starts(c.after, 0) or _goes_with_nothing(c))
        head = c.before[-1]
        cut = word.text == "=" and -1 < head.column <= home
        if new_line or cut:
            c.resume = word.start if new_line else head.start
            return brackets.UnclosedBracket(c.span(bracket), c.here if new_line else c.span(head), of_type)
    else:
        head = c.line[0] if len(c.line) == 1 else word
        names = word.text == "=" and len(c.line) == 1 and c.block in lexer.STAGE_WORDS
        if -1 < head.column <= home and (head.text in TOP or names) and not _closed_later(c):
            c.resume = head.start
            return brackets.UnclosedBracket(c.span(bracket), c.span(head))
    return None


def _is_type(word: Word) -> bool:
    return lexer.WORDS.get(word.text) == "DTYPE"


def _goes_with_nothing(c: ErrorContext) -> bool:
    """Whether a name starts a line and what stands before it is a value."""
    return c.word is not None and c.word.kind == lexer.NAME and is_value(c.previous)


def _closed_later(c: ErrorContext) -> bool:
    depth = 0
    for word in c.after:
        depth += (word.text == "{") - (word.text == "}")
        if depth < 0:
            return True
    return False


def _closing(c: ErrorContext) -> Diagnostic | None:
    word, previous = c.word, c.previous
    if word is None or word.text not in PAIRS:
        return None
    if c.bracket is None:
        return brackets.UnexpectedClosing(c.here)
    if previous and previous.text == "{":
        return brackets.EmptyBlock(c.here, c.block or "")
    if previous and previous.text in OPERATORS:
        return operators.DanglingOperator(c.span(previous))
    if previous and previous.text in ("(", "[", "=", ","):
        return statements.MissingValue(c.span(previous))
    return None


def _comma(c: ErrorContext) -> Diagnostic | None:
    if c.word is None or c.word.text != "," or c.previous is None:
        return None
    if c.previous.text in ("(", "[", ",", "="):
        return statements.MissingValue(c.span(c.previous))
    if [word.text for word in c.line[1:4:2]] == [",", "="] and not c.in_list and "IN" not in c.accepts:
        return UnexpectedSyntax.several_values(c.here, offender(c), expected(c.accepts), *construct(c))
    return stages.several(c)


def _in_block(c: ErrorContext) -> Diagnostic | None:
    block, word = c.block, c.word
    if block is None or word is None or c.in_list:
        return None
    if block in lexer.STAGE_WORDS:
        if word.text == ",":
            return statements.CommaBetweenLines(c.here, block, commas(c))
        if word.text == "=" and len(c.line) == 1 and c.previous and c.previous.kind == lexer.NAME:
            return EqualsForLabel(c.here, [Edit(c.here, ":")], c.previous.text)
        if is_value(c.previous) and starts_value(word):
            return statements.MissingSeparator(c.here, _value_before(c))
    if block in SECTIONS and word.text == ",":
        return statements.CommaBetweenLines.of_settings(c.here, block, commas(c))
    return None


def _statement_start(c: ErrorContext) -> Diagnostic | None:
    word = c.word
    if c.line or word is None:
        return None
    if word.text in lexer.RESERVED and c.after[1:] and c.after[1].text == "=":
        return statements.ReservedWord(c.here)
    if word.text in lexer.STATEMENT_WORDS:
        return statements.MisplacedStatement(c.here, c.block)
    if word.text in OPERATORS and word.text != "-":
        return operators.NothingBefore(c.here)
    if c.block not in lexer.STAGE_WORDS and (starts_value(word) or word.text == "-"):
        return statements.NotAStatement(Span(word.start, c.rest_of_line[-1].end, c.source))
    return None


def _declaration(c: ErrorContext) -> Diagnostic | None:
    word = c.word
    reserved = word is not None and word.text in ("if", "else") and c.previous is not None
    if reserved and c.previous and c.previous.text in ("=", *OPERATORS) and "NUMBER" in c.accepts:
        return statements.ReservedWord(c.here)
    if word and word.text in lexer.RESERVED and "NAME" in c.accepts and "NUMBER" not in c.accepts:
        return statements.ReservedWord(c.here)
    return None


def _first_word(c: ErrorContext) -> Diagnostic | None:
    """A statement that went wrong after its first word, a name."""
    if len(c.line) != 1 or c.block in lexer.STAGE_WORDS or c.line[0].kind != lexer.NAME:
        return None
    first, word = c.line[0], c.word
    if first.text in lexer.WORDS and not {"EQUAL", "COMMA"} & c.accepts:
        return None
    if first.text in lexer.STATEMENT_WORDS:
        return statements.MisplacedStatement(c.span(first), c.block)
    if word is None or word.text == "}":
        return statements.NotAStatement.lonely_name(c.span(first))
    if word.text == "==":
        return statements.EqualityForAssignment(c.here, first.text)
    if word.text == ":":
        others = settings.colons(c, first) if c.block in SECTIONS else None
        if others is not None:
            return others
        typed = len(c.after) > 1 and lexer.WORDS.get(c.after[1].text) == "DTYPE"
        kind = statements.TypeWithoutInput if typed and c.block is None else statements.ColonForEquals
        return kind(c.here, first.text)
    if word.kind == lexer.NAME and word.text not in OPERATORS and c.block not in SECTIONS:
        return statements.UnknownStatement(c.span(first))
    if word.text in ("(", "[", ".", "{") or word.text in OPERATORS:
        return _nameless(c, first)
    return None


def _nameless(c: ErrorContext, first: Word) -> Diagnostic:
    rest = c.rest_of_line
    depth = 0
    for i, word in enumerate(rest):
        depth += (word.text in "([{") - (word.text in PAIRS)
        if word.text == "=" and depth == 0:
            header = _is_header([*c.line, *rest[:i]])
            kind = statements.DefinitionWithoutDef if header else statements.AssignToExpression
            return kind(Span(first.start, rest[i - 1].end, c.source))
    method = python.method(c, first, rest)
    if method is not None:
        return method
    return statements.NotAStatement(Span(first.start, rest[-1].end, c.source))


def _is_header(words: list[Word]) -> bool:
    """Whether these are `f(a, b)`."""
    names, signs = words[2:-1:2], words[3:-1:2]
    return (
        len(words) > 3
        and words[1].text == "("
        and words[-1].text == ")"
        and all(w.kind == lexer.NAME for w in names)
        and all(w.text == "," for w in signs)
    )


def _end(c: ErrorContext) -> Diagnostic | None:
    """The statement ended too early."""
    if c.word is not None and c.word.text != "}":
        return None
    previous = c.previous
    if previous and previous.text in OPERATORS:
        return operators.DanglingOperator(c.span(previous))
    if previous and previous.text in ("=", ","):
        return statements.MissingValue(c.span(previous))
    texts = [word.text for word in c.line]
    if "expect" in texts[:1] and "~=" not in texts:
        return operators.ExpectNeedsApprox(c.here)
    if "if" in texts and "else" not in texts[texts.index("if") :]:
        return operators.MissingElse(c.span(c.line[texts.index("if")]))
    return None


def _operator(c: ErrorContext) -> Diagnostic | None:
    word, previous = c.word, c.previous
    if word is None or word.text not in BINARY:
        return None
    if previous is None or previous.text in ("=", "(", "[", "{", ",", ":"):
        return operators.NothingBefore(c.here)
    if previous.text in OPERATORS:
        return operators.DoubleOperator(c.here, c.span(previous))
    if word.text == "~=":
        return operators.ApproxOutsideExpect(c.here)
    if c.kind == "CMP":
        first = _comparison_before(c)
        return operators.ChainedComparison(c.here, c.span(first)) if first else None
    return None


def _comparison_before(c: ErrorContext) -> Word | None:
    depth = 0
    for word in reversed(c.line):
        depth += (word.text in PAIRS) - (word.text in "([{")
        if depth < 0:
            return None
        if depth == 0 and lexer.SYMBOLS.get(word.text) == "CMP":
            return word
    return None


def _equals(c: ErrorContext) -> Diagnostic | None:
    if c.word is None or c.word.text != "=" or c.previous is None:
        return None
    if c.previous.text == "=":
        return operators.DoubleOperator(c.here, c.span(c.previous))
    if not is_value(c.previous):
        return None
    seen = [word.text for word in c.line]
    if "=" in seen or c.in_list or "if" in seen:
        return statements.EqualsInExpression(c.here)
    return None


def _block(c: ErrorContext) -> Diagnostic | None:
    """A `{` is missing."""
    word = c.word
    if c.previous and c.previous.text in ("layers", "residual") and not (word and word.text == "{"):
        return brackets.MissingBlock(c.here, c.previous.text)
    if "LBRACE" not in c.accepts or (word and word.text in (*BINARY, ":", "=", ",")):
        return None
    opener = next((w for w in reversed(c.line) if w.text in BLOCKS), None)
    return brackets.MissingBlock(c.here, opener.text) if opener else None


def _stage(c: ErrorContext) -> Diagnostic | None:
    if c.word is None or c.previous is None or c.previous.text != "->" or c.word.text in BINARY:
        return None
    return statements.NotAStage(c.here)


def _side_by_side(c: ErrorContext) -> Diagnostic | None:
    if not (c.word and is_value(c.previous) and starts_value(c.word) and "PLUS" in c.accepts):
        return None
    if c.in_list and not _is_product(c):
        return operators.SideBySideInList(c.here, _value_before(c))
    kind = operators.StatementsSideBySide if starts(c.after, 0) else operators.SideBySide
    return kind(c.here, _value_before(c))


def _is_product(c: ErrorContext) -> bool:
    """`(4x + 1)`, `f(4x)`: brackets around one value, or a number right before a name."""
    around = c.before[c.open[-1] - 1] if c.open[-1] else None
    grouped = c.bracket is not None and c.bracket.text == "(" and not is_value(around)
    touching = c.previous is not None and c.previous.kind == lexer.NUMBER and c.previous.end == c.at
    return grouped or touching


def _value_before(c: ErrorContext) -> Span:
    """The last value before the mistake, whole: `Affine(50)`, not its bracket."""
    i = len(c.before) - 1
    depth = 0
    while i > 0:
        depth += (c.before[i].text in PAIRS) - (c.before[i].text in ("(", "[", "{"))
        if depth == 0 and (c.before[i].kind != lexer.SYMBOL or not is_value(c.before[i - 1])):
            break
        i -= 1
    return Span(c.before[i].start, c.before[-1].end, c.source)


_RULES: tuple[Callable[[ErrorContext], Diagnostic | None], ...] = (
    forms.expectation, forms.size_of_type, forms.shape_of_type, forms.semicolon_for_colon, forms.import_name,
    imports.foreign_import, python.head_of_def, comments.fence, settings.in_quotes, settings.in_block,
    types.formals, types.kind_of_type, types.sizes_without_type, types.input_of_keras,
    forms.type_first, forms.definition, forms.decimal_comma, forms.section_block, forms.outputs,
    stages.names_in_brackets, column_names.column_of_several_words,
    hyphen_in_name, notation.rounded, notation.word_operator, stages.bracketed, stages.counted_loop,
    loop_heads.sign_for_in, loop_heads.brackets_around_head, loop_heads.carried, loop_heads.block_after_colon,
    loop_heads.without_count,
    notation.quote_missing, notation.prefixed_text, notation.foreign_sign, comments.comment,
    foreign_numbers.foreign_number, foreign_numbers.per_cent,
    notation.in_place,
    notation.elementwise, notation.arrow_left, python.if_statement, _stray, _line_that_goes_on, misspelt,
    python.statement, forms.keyword_repeated, forms.equals_sign, forms.result, forms.comma_at_end,
    forms.carry, stages.attribute_in_chain, stages.attribute_in_entry, stages.layers_block,
    stages.block_called, stages.shared_layer, stages.chain_as_operand, notation.call_without_brackets,
    notation.python_expression, _unclosed, _closing, _comma, _in_block, _statement_start, unknown_block,
    types.unknown_type, _declaration, _first_word, _end, _operator, _equals, _block, _stage,
    notation.comma_missing, _side_by_side,
)  # fmt: skip
"""Tried in this order: the first that recognises the mistake decides."""
