"""Which mistake it was: from the token that the parser could not use to a diagnostic that names the fix."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from lark import UnexpectedToken

from graphlang.diagnostics import Diagnostic, Source, Span, closest
from graphlang.diagnostics import syntax as d
from graphlang.syntax import lexer
from graphlang.syntax.lexer import Reader

_PAIRS = {")": "(", "]": "[", "}": "{"}
_BINARY = frozenset("+ - * / // % @ ** == != < > <= >= -> ~= and or".split())
_OPERATORS = _BINARY | {"not"}
_CHOICE = frozenset("if else in".split())
_SECTIONS = frozenset("data train gradcheck".split())
_BLOCKS = _SECTIONS | set(lexer.STAGE_WORDS) | {"scan", "def"}
_PYTHON = frozenset(
    "for while if elif class from print assert let var const with lambda try raise del pass global".split()
)


def all_mistakes(error: UnexpectedToken, reader: Reader) -> list[Diagnostic]:
    """The mistake that stopped the parser, and those after it: reading goes on with the next statement."""
    from graphlang.syntax.table import parser

    found: list[Diagnostic] = []
    while True:
        context = _Context(error, reader)
        found.append(_mistake(context))
        start = context.next_statement()
        if start is None or len(found) >= reader.limits.errors:
            return found
        following = Reader(reader.source, reader.limits, start)
        following.problems = reader.problems
        try:
            parser().parse(following)
        except UnexpectedToken as another:
            error, reader = another, following
        else:
            return found


# ---- what surrounds the mistake ---------------------------------------------------------------------


class _Word(NamedTuple):
    """A token as it is written, read without a parser."""

    text: str
    kind: int
    start: int
    end: int
    #: the first on its line, at this column (from 0); else -1
    column: int
    #: a statement ends before it
    fresh: bool


class _Context:
    """The place of a mistake: the words before and after it, in its statement and its block."""

    def __init__(self, error: UnexpectedToken, reader: Reader) -> None:
        token: Any = error.token
        self.source: Source = reader.source
        interactive: Any = error.interactive_parser
        self.accepts: set[str] = interactive.accepts()
        self.kind: str = token.type
        self.at: int = token.span.start if self.kind != "$END" else len(self.source.text)
        ended = self.kind == "_NL" and not reader.brackets
        words = _words(self.source, reader.previous if ended else reader.statement, self.at)
        split = next((i for i, word in enumerate(words) if word.start >= self.at), len(words))
        self.before, self.after = words[:split], words[split:]
        # A line end is no word: the mistake is what stands before it.
        self.word = None if self.kind in ("_NL", "$END") or not self.after else self.after[0]
        self.open = _open_brackets(self.before)
        self.line = self._current_line()

    def _current_line(self) -> list[_Word]:
        """The words of the innermost statement before the mistake."""
        if self.word and self.word.fresh:
            return []
        depth = 0
        for i in reversed(range(len(self.before))):
            word = self.before[i]
            if word.text in _PAIRS:
                depth += 1
            elif depth and word.text in "([{":
                depth -= 1
            elif word.text == "{":
                return self.before[i + 1 :]
            if word.fresh and not depth:
                return self.before[i:]
        return self.before

    @property
    def previous(self) -> _Word | None:
        return self.before[-1] if self.before else None

    @property
    def bracket(self) -> _Word | None:
        """The innermost bracket that is open at the mistake."""
        return self.before[self.open[-1]] if self.open else None

    @property
    def in_list(self) -> bool:
        return self.bracket is not None and self.bracket.text in "(["

    @property
    def block(self) -> str | None:
        """The word whose block the mistake is in."""
        opened = next((i for i in reversed(self.open) if self.before[i].text == "{"), None)
        if opened is None:
            return None
        return next((w.text for w in reversed(self.before[:opened]) if w.text in _BLOCKS), "")

    def span(self, word: _Word) -> Span:
        return Span(word.start, word.end, self.source)

    @property
    def here(self) -> Span:
        """The place of the mistake; where a line or the file ends, the end of what stands before."""
        if self.word:
            return self.span(self.word)
        end = self.previous.end if self.previous else self.at
        return Span(end, end, self.source)

    @property
    def rest_of_line(self) -> list[_Word]:
        rest = []
        for i, word in enumerate(self.after):
            if word.fresh and i:
                break
            rest.append(word)
        return rest

    def next_statement(self) -> int | None:
        """Where reading can go on after this mistake: the start of a line that looks like a statement."""
        home = self.before[0].column if self.before else 0
        open_ = [self.before[i].text for i in self.open]
        for i, word in enumerate(self.after):
            outside = "{" not in open_
            if i or self.before:
                dedented = -1 < word.column <= max(home, 0)
                looks_new = _starts(self.after, i) if outside else word.text in _TOP
                if (word.fresh and not open_) or (dedented and looks_new):
                    return word.start
            if word.text in "([{":
                open_.append(word.text)
            elif word.text in _PAIRS and _PAIRS[word.text] in open_:
                while open_.pop() != _PAIRS[word.text]:
                    pass
        return None


_TOP = frozenset("hyper def input output expect import data train gradcheck".split())


def _starts(words: list[_Word], i: int) -> bool:
    """Whether the words from i on look like a statement."""
    if words[i].text in lexer.STATEMENT_WORDS:
        return True
    return words[i].kind == lexer.NAME and i + 1 < len(words) and words[i + 1].text in ("=", ",")


def _words(source: Source, start: int, at: int) -> list[_Word]:
    """The words from the start of a statement, past the mistake in it, to the start of the next one."""
    text, words, fresh = source.text, [], True
    beyond = 0
    brackets: list[Any] = []
    line_start = text.rfind("\n", 0, start) + 1
    column = start - line_start if not text[line_start:start].strip() else -1
    last = "_NL"
    for match in lexer.pattern_for(text).finditer(text, start):
        kind = match.lastindex or lexer.END
        begin, end = match.span(kind)
        value = match[kind]
        if kind == lexer.END:
            break
        if kind == lexer.LINE_END:
            fresh = lexer.ends_statement(value, last, text, end, brackets)
            line_start = max(text.rfind("\n", 0, end), text.rfind(";", begin, end)) + 1
            column = end - text.rfind("\n", 0, end) - 1 if "\n" in value else -1
            last = "_NL" if fresh else last
            continue
        words.append(_Word(value, kind, begin, end, column, fresh))
        beyond += begin > at
        if beyond > _FAR or (beyond > 1 and words[-2].fresh and not brackets):
            break
        fresh, column = False, -1
        last = lexer.SYMBOLS.get(value, lexer.RESERVED.get(value, "NAME"))
        if value in "([{":
            brackets.append(_Opened(last))
        elif value in _PAIRS and brackets and brackets[-1].type == lexer.SYMBOLS[_PAIRS[value]]:
            brackets.pop()
    return words


#: as many words are read after a mistake to find out where its statement ends
_FAR = 20_000


class _Opened(NamedTuple):
    type: str


def _open_brackets(words: list[_Word]) -> list[int]:
    """The positions of the brackets that are open after these words."""
    opened: list[int] = []
    for i, word in enumerate(words):
        if word.text in "([{":
            opened.append(i)
        elif opened and _PAIRS.get(word.text) == words[opened[-1]].text:
            opened.pop()
    return opened


def _is_value(word: _Word | None) -> bool:
    """Whether a value can end with this word."""
    if word is None or word.text in _OPERATORS or word.text in _CHOICE:
        return False
    return word.kind in (lexer.NAME, lexer.NUMBER, lexer.STRING) or word.text in (")", "]", "}")


def _starts_value(word: _Word | None) -> bool:
    if word is None or word.text in _BINARY or word.text in _CHOICE:
        return False
    return word.kind in (lexer.NAME, lexer.NUMBER, lexer.STRING) or word.text in ("(", "[")


# ---- the mistakes, most telling first ------------------------------------------------------------------


def _mistake(c: _Context) -> Diagnostic:
    for rule in _RULES:
        found = rule(c)
        if found:
            return found
    return d.UnexpectedSyntax(c.here, _found(c), _expected(c.accepts))


def _stray(c: _Context) -> Diagnostic | None:
    if c.kind != "STRAY":
        return None
    span = c.here
    text = span.text
    if text in ("=>", "|>", "|", "^", "&&", "||", "&", "!", "~"):
        if text == "^":
            return d.CaretPower(span)
        return d.NotAnArrow(span) if text in ("=>", "|>", "|") else d.SpelledOperator(span)
    if text in lexer.FOREIGN_SYMBOLS:
        if text == "===":
            return d.UnexpectedSyntax(span, "`===`", ["`==`"])
        return d.UpdateInPlace(span, c.previous.text if c.previous else "y")
    if text[0] == '"':
        return d.UnterminatedString(span)
    if text[0] == "'":
        return d.SingleQuotes(span) if len(text) > 1 and text[-1] == "'" else d.UnterminatedString(span)
    if text in d.LookAlike.meant:
        return d.LookAlike(span)
    return _strange_character(span, text)


def _strange_character(span: Span, text: str) -> Diagnostic:
    import unicodedata

    if unicodedata.category(text) in ("Cf", "Zs", "Zl", "Zp", "Cc"):
        return d.InvisibleCharacter(span)
    if unicodedata.category(text) == "Nd":
        return d.ForeignDigit(span)
    return d.StrayCharacter(span)


def _line_that_goes_on(c: _Context) -> Diagnostic | None:
    """`y = a +` and the next statement read as one: the line end after an operator did not count."""
    if len(c.before) < 2 or c.word is None:
        return None
    cut, head = c.before[-2], c.before[-1]
    if head.column < 0 or head.kind != lexer.NAME or head.fresh or c.in_list:
        return None
    if c.word.text != "=" and not (head.text in lexer.STATEMENT_WORDS and _starts_value(c.word)):
        return None
    if cut.text in _OPERATORS:
        return d.DanglingOperator(c.span(cut))
    return d.MissingValue(c.span(cut)) if cut.text in ("=", ",") else None


def _unclosed(c: _Context) -> Diagnostic | None:
    bracket, word = c.bracket, c.word
    if bracket is None:
        return None
    if c.kind == "$END":
        return d.UnclosedBracket(c.span(bracket), None)
    if c.kind == "_NL" and c.in_list:
        return d.UnclosedBracket(c.span(bracket), c.here)
    if word is None:
        return None
    if word.text in _PAIRS and _PAIRS[word.text] != bracket.text:
        if any(c.before[i].text == _PAIRS[word.text] for i in c.open):
            return d.UnclosedBracket(c.span(bracket), c.here)
        return d.UnexpectedClosing(c.here, c.span(bracket))
    home = max(c.before[0].column, 0)
    if c.in_list:
        new_line = -1 < word.column <= home and _starts(c.after, 0)
        head = c.before[-1]
        cut = word.text == "=" and -1 < head.column <= home
        if new_line or cut:
            return d.UnclosedBracket(c.span(bracket), c.here if new_line else c.span(head))
    else:
        head = c.line[0] if len(c.line) == 1 else word
        if -1 < head.column <= home and head.text in _TOP and not _closed_later(c):
            return d.UnclosedBracket(c.span(bracket), c.span(head))
    return None


def _closed_later(c: _Context) -> bool:
    depth = 0
    for word in c.after:
        depth += (word.text == "{") - (word.text == "}")
        if depth < 0:
            return True
    return False


def _closing(c: _Context) -> Diagnostic | None:
    word, previous = c.word, c.previous
    if word is None or word.text not in _PAIRS:
        return None
    if c.bracket is None:
        return d.UnexpectedClosing(c.here, None)
    if previous and previous.text == "{":
        return d.EmptyBlock(c.here, c.block or "")
    if previous and previous.text in _OPERATORS:
        return d.DanglingOperator(c.span(previous))
    if previous and previous.text in ("(", "[", "=", ","):
        return d.MissingValue(c.span(previous))
    return None


def _comma(c: _Context) -> Diagnostic | None:
    if c.word is None or c.word.text != "," or c.previous is None:
        return None
    if c.previous.text in ("(", "[", ",", "="):
        return d.MissingValue(c.span(c.previous))
    grouped = c.bracket and c.bracket.text == "(" and c.open[-1] and not _is_value(c.before[c.open[-1] - 1])
    return d.TupleForList(c.here) if grouped and "RPAR" in c.accepts else None


def _in_block(c: _Context) -> Diagnostic | None:
    block, word = c.block, c.word
    if block is None or word is None or c.in_list:
        return None
    if block in lexer.STAGE_WORDS:
        if word.text == ",":
            return d.CommaBetweenLines(c.here, block, "the layers")
        if _is_value(c.previous) and _starts_value(word):
            return d.MissingSeparator(c.here, _value_before(c))
    if block in _SECTIONS and word.text == ",":
        return d.CommaBetweenLines(c.here, block, "the settings")
    return None


def _statement_start(c: _Context) -> Diagnostic | None:
    word = c.word
    if c.line or word is None:
        return None
    if word.text in lexer.RESERVED and c.after[1:] and c.after[1].text == "=":
        return d.ReservedWord(c.here)
    if word.text in _PYTHON:
        return d.PythonStatement(c.here, word.text)
    if word.text in lexer.STATEMENT_WORDS:
        return d.MisplacedStatement(c.here, c.block)
    if word.text in _OPERATORS and word.text != "-":
        return d.NothingBefore(c.here)
    if c.block not in lexer.STAGE_WORDS and (_starts_value(word) or word.text == "-"):
        return d.NotAStatement(Span(word.start, c.rest_of_line[-1].end, c.source))
    return None


def _python(c: _Context) -> Diagnostic | None:
    if not c.line:
        return None
    first, word = c.line[0], c.word
    if first.text in _PYTHON and not (len(c.line) == 1 and word and word.text in ("=", ",")):
        return d.PythonStatement(c.span(first), first.text)
    if first.text == "import" and len(c.line) == 1:
        return d.PythonStatement(c.span(first), "import")
    if first.text == "def" and c.previous and c.previous.text == ":" and (word is None or word.column >= 0):
        return d.PythonStatement(c.span(first), "def")
    return None


def _declaration(c: _Context) -> Diagnostic | None:
    word, previous = c.word, c.previous
    if "DTYPE" in c.accepts and len(c.accepts) == 1 and word and word.kind == lexer.NAME:
        return d.UnknownType(c.here)
    if word and word.text in lexer.RESERVED and "NAME" in c.accepts and "NUMBER" not in c.accepts:
        return d.ReservedWord(c.here)
    if not c.line or not previous:
        return None
    names = previous.kind == lexer.NAME and len(c.line) > 1 and c.line[-2].text in ("param", ",")
    if (
        c.line[0].text == "param"
        and names
        and c.accepts == {"COLON"}
        and (word is None or word.text in ("=", ",", ";"))
    ):
        return d.ParamNeedsType(c.span(previous), previous.text)
    return None


def _first_word(c: _Context) -> Diagnostic | None:
    """A statement that went wrong after its first word, a name."""
    if len(c.line) != 1 or c.block in lexer.STAGE_WORDS or c.line[0].kind != lexer.NAME:
        return None
    first, word = c.line[0], c.word
    if first.text in lexer.WORDS and not {"EQUAL", "COMMA"} & c.accepts:
        return None
    if first.text in lexer.STATEMENT_WORDS:
        return d.MisplacedStatement(c.span(first), c.block)
    if word is None or word.text == "}":
        return d.NotAStatement(c.span(first), lonely=True)
    if word.text == "==":
        return d.EqualityForAssignment(c.here, first.text)
    if word.text == ":":
        typed = len(c.after) > 1 and lexer.WORDS.get(c.after[1].text) == "DTYPE"
        return d.ColonForEquals(c.here, first.text, typed and c.block is None)
    if word.kind == lexer.NAME and word.text not in _OPERATORS and c.block not in _SECTIONS:
        return d.UnknownStatement(c.span(first), closest(first.text, lexer.STATEMENT_WORDS))
    if word.text in ("(", "[", ".", "{") or word.text in _OPERATORS:
        return _nameless(c, first)
    return None


def _nameless(c: _Context, first: _Word) -> Diagnostic:
    rest = c.rest_of_line
    depth = 0
    for i, word in enumerate(rest):
        depth += (word.text in "([{") - (word.text in _PAIRS)
        if word.text == "=" and depth == 0:
            return d.AssignToExpression(Span(first.start, rest[i - 1].end, c.source))
    return d.NotAStatement(Span(first.start, rest[-1].end, c.source))


def _end(c: _Context) -> Diagnostic | None:
    """The statement ended too early."""
    if c.word is not None and c.word.text != "}":
        return None
    previous = c.previous
    if previous and previous.text in _OPERATORS:
        return d.DanglingOperator(c.span(previous))
    if previous and previous.text in ("=", ","):
        return d.MissingValue(c.span(previous))
    texts = [word.text for word in c.line]
    if "expect" in texts[:1] and "~=" not in texts:
        return d.ExpectNeedsApprox(c.here)
    if "if" in texts and "else" not in texts[texts.index("if") :]:
        return d.MissingElse(c.span(c.line[texts.index("if")]))
    return None


def _operator(c: _Context) -> Diagnostic | None:
    word, previous = c.word, c.previous
    if word is None or word.text not in _BINARY:
        return None
    if previous is None or previous.text in ("=", "(", "[", "{", ",", ":"):
        return d.NothingBefore(c.here)
    if previous.text in _OPERATORS:
        return d.DoubleOperator(c.here, c.span(previous))
    if word.text == "~=":
        return d.ApproxOutsideExpect(c.here)
    if c.kind == "CMP":
        first = _comparison_before(c)
        return d.ChainedComparison(c.here, c.span(first)) if first else None
    return None


def _comparison_before(c: _Context) -> _Word | None:
    depth = 0
    for word in reversed(c.line):
        depth += (word.text in _PAIRS) - (word.text in "([{")
        if depth < 0:
            return None
        if depth == 0 and lexer.SYMBOLS.get(word.text) == "CMP":
            return word
    return None


def _equals(c: _Context) -> Diagnostic | None:
    if c.word is None or c.word.text != "=" or c.previous is None:
        return None
    if c.previous.text == "=":
        return d.DoubleOperator(c.here, c.span(c.previous))
    if not _is_value(c.previous):
        return None
    seen = [word.text for word in c.line]
    if "=" in seen or c.in_list or "if" in seen:
        return d.EqualsInExpression(c.here)
    return None


def _block(c: _Context) -> Diagnostic | None:
    """A `{` is missing."""
    word = c.word
    if c.previous and c.previous.text in ("layers", "residual") and not (word and word.text == "{"):
        return d.MissingBlock(c.here, c.previous.text)
    if "LBRACE" not in c.accepts or (word and word.text in (*_BINARY, ":", "=", ",")):
        return None
    opener = next((w for w in reversed(c.line) if w.text in _BLOCKS), None)
    return d.MissingBlock(c.here, opener.text) if opener else None


def _stage(c: _Context) -> Diagnostic | None:
    if c.word is None or c.previous is None or c.previous.text != "->" or c.word.text in _BINARY:
        return None
    return d.NotAStage(c.here)


def _side_by_side(c: _Context) -> Diagnostic | None:
    if not (c.word and _is_value(c.previous) and _starts_value(c.word) and "PLUS" in c.accepts):
        return None
    new_statement = not c.in_list and _starts(c.after, 0)
    return d.SideBySide(c.here, _value_before(c), c.in_list, new_statement)


def _value_before(c: _Context) -> Span:
    """The last value before the mistake, whole: `Affine(50)`, not its bracket."""
    i = len(c.before) - 1
    depth = 0
    while i > 0:
        depth += (c.before[i].text in _PAIRS) - (c.before[i].text in ("(", "[", "{"))
        if depth == 0 and (c.before[i].kind != lexer.SYMBOL or not _is_value(c.before[i - 1])):
            break
        i -= 1
    return Span(c.before[i].start, c.before[-1].end, c.source)


_RULES: tuple[Callable[[_Context], Diagnostic | None], ...] = (
    _stray, _line_that_goes_on, _unclosed, _closing, _comma, _python, _in_block, _statement_start,
    _declaration, _first_word, _end, _operator, _equals, _block, _stage, _side_by_side,
)  # fmt: skip


# ---- the general case, in words --------------------------------------------------------------------------

_WORDS_FOR = {
    "EQUAL": "`=`", "COLON": "`:`", "COMMA": "`,`", "DOT": "`.`", "LPAR": "`(`", "RPAR": "`)`", "LSQB": "`[`",
    "RSQB": "`]`", "LBRACE": "`{`", "RBRACE": "`}`", "ARROW": "`->`", "APPROX": "`~=`", "ELLIPSIS": "`...`",
    "NUMBER": "a number", "STRING": "a string", "NAME": "a name",
    "DTYPE": "a type (`float`, `int` or `bool`)", "_NL": "the end of the line",
}  # fmt: skip
_VALUES = {"NAME", "NUMBER", "STRING", "TRUE", "FALSE", "NONE", "LPAR", "LSQB", "MINUS", "NOT", "SCAN"}
_AFTER_VALUES = {"PLUS", "MINUS", "MULOP", "POW", "CMP", "AND", "OR", "IF", "ARROW", "DOT", "LPAR", "LSQB"}


def _expected(accepts: set[str]) -> list[str]:
    """What could stand at a place, in words."""
    left = accepts - {"$END"}
    words = []
    if {"HYPER", "IMPORT"} <= left:
        return ["a statement"]
    if {"RETURN", "PARAM"} <= left:
        return ["a value's name, `param`, `layer` or `return`"]
    if {"NUMBER", "LPAR"} <= left:
        words += ["a name", "a number", "`(`"]
        left -= _VALUES
    if "LAYERS" in left:
        words.append("a layer")
        left -= {"NAME", *lexer.STAGE_WORDS.values()}
    if {"LPAR", "LSQB", "DOT"} <= left:
        if "PLUS" in left:
            words.append("an operator")
        left -= _AFTER_VALUES if "PLUS" in left else {"LPAR", "LSQB", "DOT"}
    words += [_WORDS_FOR.get(kind, f"`{kind.lower()}`") for kind in sorted(left)]
    return words[:6]


def _found(c: _Context) -> str:
    if c.kind == "$END":
        return "the end of the file"
    if c.word is None:
        return "the end of the line"
    kinds = {lexer.NUMBER: "the number ", lexer.STRING: "the string "}
    return f"{kinds.get(c.word.kind, '')}{_quoted(c.word.text)}"


def _quoted(text: str) -> str:
    return f"`{text}`" if len(text) <= 40 else f"`{text[:37]}...`"
