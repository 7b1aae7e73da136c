"""The lexer: one regular expression for all tokens, for a language whose words may also be names.

Lark's contextual lexer compiles an expression for every set of terminals that a state accepts, which costs
more than reading a small file. Here the state of the parser is asked only whether a word such as `data` is a
keyword or a name at its place.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Any, NamedTuple

from lark.lexer import Lexer

from graphlang.diagnostics import Diagnostic, Edit, GraphError, Source, Span
from graphlang.diagnostics.limits import Limits
from graphlang.syntax import operators

#: spelling of a symbol -> terminal of the grammar
SYMBOLS = {
    **operators.SIGNS,
    "->": "ARROW", "~=": "APPROX", "...": "ELLIPSIS", "=": "EQUAL", ":": "COLON", ",": "COMMA", ".": "DOT",
    "(": "LPAR", ")": "RPAR", "[": "LSQB", "]": "RSQB", "{": "LBRACE", "}": "RBRACE",
}  # fmt: skip
#: symbols of other languages, each read as one token so that the message can name it
FOREIGN_SYMBOLS = ("=>", "|>", "&&", "||", ":=", "+=", "-=", "*=", "/=", "===")

#: words that are never names
RESERVED = {**operators.WORDS, "if": "IF", "else": "ELSE", "true": "TRUE", "false": "FALSE", "none": "NONE"}
#: words that start a statement; before `=` or `,` they are names: `data = 3`
STATEMENT_WORDS = {
    "graphlang": "GRAPHLANG", "import": "IMPORT", "hyper": "HYPER", "def": "DEF", "input": "INPUT",
    "param": "PARAM", "layer": "LAYER", "output": "OUTPUT", "expect": "EXPECT", "return": "RETURN",
    "next": "NEXT", "yield": "YIELD", "last": "LAST",
    "data": "SECTION", "train": "SECTION", "gradcheck": "SECTION",
}  # fmt: skip
#: words that start a stage
STAGE_WORDS = {"layers": "LAYERS", "residual": "RESIDUAL", "repeat": "REPEAT", "for": "FOR"}
#: words that are told from names by the parser's state alone
INNER_WORDS = {"as": "AS", "in": "IN", "carry": "CARRY", "within": "WITHIN", "scan": "SCAN",
               "float": "DTYPE", "int": "DTYPE", "bool": "DTYPE"}  # fmt: skip
WORDS = RESERVED | STATEMENT_WORDS | STAGE_WORDS | INNER_WORDS
PYTHON_CONSTANTS = {"True": "true", "False": "false", "None": "none"}

#: words between two operands: they go on with an expression
_BETWEEN = "|".join(["if", "else", *(word for word in operators.BINARY if word.isalpha())])
#: the first characters of signs between two operands, of this language and of others
_SIGNS = re.escape("".join(sorted({sign[0] for sign in operators.SIGNS} | set("=~,|&^{)]}"))))

_before_block = re.compile(r"(?!\s*+\{)").match
_before_colon = re.compile(r"[ \t]*+[:,=]").match
_before_assignment = re.compile(r"[ \t]*+(?:=(?![=>])|,)").match
_not_before_name = re.compile(rf"(?![ \t]++(?!(?:{_BETWEEN})\b)[^\W\d])").match
#: what follows a word that is a name although its statement or stage could start here
_IS_NAME = dict.fromkeys(set(STATEMENT_WORDS.values()), _before_assignment) | {
    "LAYERS": _before_block,
    "RESIDUAL": _before_block,
    "REPEAT": _before_colon,
    "FOR": _before_colon,
    "SCAN": _not_before_name,
}

#: tokens after which a line end does not end the statement
_GOES_ON_AFTER = {row.terminal for row in operators.OPERATORS}.union(
    ("_NL", "EQUAL", "COMMA", "COLON", "LBRACE", "ARROW", "APPROX", "IF", "ELSE")
)
#: what at the start of a line goes on with the statement before it
_goes_on_with = re.compile(rf"[{_SIGNS}]|(?:{_BETWEEN})\b|(?:carry|within)\b(?![ \t]*+(?:=(?!=)|[,:]))").match
_OPENS = frozenset(("LPAR", "LSQB", "LBRACE"))
_OPENER = {"RPAR": "LPAR", "RSQB": "LSQB", "RBRACE": "LBRACE"}

_BLANK = r"(?:[ \t\f]++|\#[^\r\n]*+)*+"
NAME, NUMBER, STRING, SYMBOL, LINE_END, END, STRAY = range(1, 8)


def _pattern(letters: str = r"\w") -> re.Pattern[str]:
    symbols = sorted((*SYMBOLS, *FOREIGN_SYMBOLS), key=len, reverse=True)
    return re.compile(
        _BLANK
        + rf"(?:([^\W\d]{letters}*+)"
        + r"|((?:[0-9]++(?:\.(?!\.\.)[0-9]*+)?+|\.[0-9]++)(?:[eE][+-]?[0-9]++)?+)"
        + r'|("(?:[^"\\\r\n]++|\\[^\r\n])*+")'
        + rf"|({'|'.join(map(re.escape, symbols))})"
        + r"|([\r\n;](?:[ \t\f\r\n;]++|\#[^\r\n]*+)*+)"
        + r"|(\Z)"
        + r"""|("[^\r\n]*+|'(?:[^'\r\n]*+')?+|[\s\S]))"""
    )


_PLAIN = _pattern()


def pattern_for(text: str) -> re.Pattern[str]:
    r"""The expression for the tokens of a text: `\w` lacks combining marks, so the text's are added."""
    if text.isascii():
        return _PLAIN
    marks = "".join(sorted(c for c in set(text) if unicodedata.category(c) in ("Mn", "Mc")))
    return _pattern(rf"[\w{marks}]") if marks else _PLAIN


class _Token(NamedTuple):
    type: str
    value: Any
    span: Span


class Token(_Token):
    """A token as Lark's parser takes it: of most it reads `type`, of the last one the positions too."""

    __slots__ = ()
    start_pos = end_pos = line = column = end_line = end_column = None


class Reader:
    """The state of the lexer while it reads a text, from an offset to its end."""

    def __init__(self, source: Source, limits: Limits, start: int = 0) -> None:
        self.source = source
        self.limits = limits
        self.start = start
        #: where the top-level statement that is being read starts, and the one before it
        self.statement = self.previous = start
        #: how many tokens it has read
        self.tokens = 0
        #: the brackets that are open
        self.brackets: list[Token] = []
        #: mistakes after which the parser goes on
        self.problems: list[Diagnostic] = []
        #: names that break the rules for names, which has been reported
        self.unknown: set[str] = set()

    def place_of(self, token: Any) -> int:
        """The offset of a token in the source."""
        start: int = token.span.start
        return start

    def open(self, bracket: Token) -> None:
        """Enters an opening bracket; raises GraphError where too many are open."""
        self.brackets.append(bracket)
        if len(self.brackets) > self.limits.nesting:
            from graphlang.diagnostics.too_large import NestedTooDeep

            raise GraphError([*self.problems, NestedTooDeep("nesting", bracket.span, self.limits.nesting)])

    def too_many_tokens(self, span: Span) -> GraphError:
        """What to raise at the first token beyond the limit."""
        from graphlang.diagnostics.too_large import limit_exceeded

        return GraphError([limit_exceeded(span, "tokens", self.limits.tokens)])

    def end_statement(self, end: int) -> None:
        """Enters the end of a statement; the next top-level one starts there, unless a block is open."""
        if not self.brackets:
            self.previous, self.statement = self.statement, end


# A NamedTuple's own constructor takes twice the time.
_new: Any = tuple.__new__


class GraphLexer(Lexer):
    """The lexer of the language for Lark's parser; it holds no state."""

    __future_interface__ = 2

    def __init__(self, _conf: object) -> None:
        pass

    def lex(self, lexer_state: Any, parser_state: Any) -> Iterator[Any]:
        """The tokens, one at a time: the parser's state after one decides what the next word is."""
        reader: Reader = lexer_state.text
        source, text, brackets = reader.source, reader.source.text, reader.brackets
        ascii_only = text.isascii()
        rows, stack = parser_state.parse_conf.states, parser_state.state_stack
        last = "_NL"
        count, most = 0, reader.limits.tokens
        for match in pattern_for(text).finditer(text, reader.start):
            start, end = match.span(group := match.lastindex or END)
            kind, value = "STRAY", match[group]
            if group == NAME:
                kind = "NAME"
                if value in WORDS:
                    kind = _word(value, rows[stack[-1]], text, end)
                elif value in PYTHON_CONSTANTS:
                    kind, value = _python_constant(Span(start, end, source), reader.problems)
                elif not (ascii_only or value.isascii()):
                    kind, value = _unicode_name(value, Span(start, end, source), reader)
            elif group == SYMBOL:
                kind = SYMBOLS.get(value, "STRAY")
            elif group == NUMBER:
                kind = "NUMBER"
                value = _number(value, Span(start, end, source), reader.problems)
            elif group == LINE_END:
                if not ends_statement(value, last, text, end, brackets):
                    continue
                kind = "_NL"
                reader.end_statement(end)
            elif group == STRING:
                kind = "STRING"
                value = _string(value, Span(start, end, source), reader.problems)
            elif group == END:
                reader.tokens = count
                return
            count += 1
            if count > most:
                raise reader.too_many_tokens(Span(start, end, source))
            token = _new(Token, (kind, value, _new(Span, (start, end, source))))
            if kind in _OPENS:
                reader.open(token)
            elif kind in _OPENER and brackets and brackets[-1].type == _OPENER[kind]:
                brackets.pop()
            yield token
            last = kind


def _word(word: str, row: dict[str, Any], text: str, end: int) -> str:
    """The terminal of a word of the language, which is NAME if it is a name at its place."""
    kind = WORDS[word]
    if word in RESERVED or "NAME" not in row:
        return kind
    is_name = _IS_NAME.get(kind)
    return "NAME" if kind not in row or (is_name and is_name(text, end)) else kind


def ends_statement(run: str, last: str, text: str, end: int, brackets: list[Token]) -> bool:
    """Whether a run of line ends, blank lines, comments and `;` ends a statement."""
    if end == len(text) or text[end] == "}" or last in ("_NL", "LBRACE"):
        return False
    if ";" in run and ";" in re.sub(r"#[^\r\n]*", "", run):
        return True
    if last in _GOES_ON_AFTER or (brackets and brackets[-1].type != "LBRACE"):
        return False
    return not _goes_on_with(text, end)


# The diagnostics are many classes, imported by the first mistake.


_within_type = re.compile(r":[ \t]*(?:float|int|bool)[ \t]*\[[^\[\]\n]*\Z").search


def _python_constant(span: Span, problems: list[Diagnostic]) -> tuple[str, str]:
    """The token that is meant; `None` among the sizes of a type is a size that has no name yet."""
    from graphlang.diagnostics.syntax.literals import PythonConstant

    line = span.source.text[span.source.text.rfind("\n", 0, span.start) + 1 : span.start]
    if span.text == "None" and _within_type(line):
        from graphlang.diagnostics.spelling import free_size
        from graphlang.diagnostics.syntax.forms import FormOfName

        name = free_size(span)
        problems.append(FormOfName.size_without_name(span, [Edit(span, name)], name))
        return "NAME", name
    problems.append(PythonConstant(span))
    return WORDS[PYTHON_CONSTANTS[span.text]], span.text


def _unicode_name(name: str, span: Span, reader: Reader) -> tuple[str, str]:
    from graphlang.syntax.unicode_names import checked_name, has_raised_digit

    if has_raised_digit(name):
        return "STRAY", name
    before = len(reader.problems)
    normal = checked_name(name, span, reader.problems)
    if len(reader.problems) > before:
        reader.unknown.add(normal)
    return "NAME", normal


def _number(digits: str, span: Span, problems: list[Diagnostic]) -> int | float:
    whole = digits.isdigit()
    # 308 digits are the most that a float holds; Python refuses to read an int of more than 4300.
    if whole and len(digits) < 300:
        return int(digits)
    value = float(digits)
    if whole or value == float("inf"):
        from graphlang.diagnostics.syntax.literals import NumberTooLarge

        problems.append(NumberTooLarge(span))
    return value


_ESCAPES = {"n": "\n", "t": "\t", '"': '"', "\\": "\\"}


def _string(quoted: str, span: Span, problems: list[Diagnostic]) -> str:
    value = quoted[1:-1]
    if "\\" not in value:
        return value

    def unescape(match: re.Match[str]) -> str:
        if match[1] not in _ESCAPES:
            from graphlang.diagnostics.syntax.literals import UnknownEscape

            at = span.start + 1 + match.start()
            problems.append(UnknownEscape(Span(at, at + 2, span.source)))
        return _ESCAPES.get(match[1], match[1])

    return re.sub(r"\\([\s\S])", unescape, value)
