"""The words of the language in the groups that editors colour, from the tables of its lexer."""

from __future__ import annotations

from graphlang.syntax.lexer import INNER_WORDS, RESERVED, STAGE_WORDS, STATEMENT_WORDS
from graphlang.syntax.operators import SIGNS, WORDS

SECTIONS = [word for word, kind in STATEMENT_WORDS.items() if kind == "SECTION"]
IN_BLOCKS = ["param", "layer", "return", "next", "yield", "last"]
"""Words that start a statement inside of braces; all but the first two only there."""
TOP = [word for word in STATEMENT_WORDS if word not in IN_BLOCKS[2:]]
HEADS = [word for word in TOP if word not in [*SECTIONS, "param", "layer", "graphlang", "import"]]
"""Words before a name, as nothing but a statement of the top level has them."""
NAMED = ["hyper", "def", "input", "output", "param", "layer"]
"""Words that stand before a name."""
CLAUSES = ["expect", *IN_BLOCKS[2:]]
"""Words that stand before an expression."""
BLOCK_STAGES = [word for word in STAGE_WORDS if word in ("layers", "residual")]
TYPES = [word for word, kind in INNER_WORDS.items() if kind == "DTYPE"]
INNER = [word for word, kind in INNER_WORDS.items() if kind != "DTYPE"]
LOGICAL = list(WORDS)
CONSTANTS = ["true", "false", "none"]
CHOICE = [word for word in RESERVED if word not in [*LOGICAL, *CONSTANTS]]
STAGES = list(STAGE_WORDS)
SIGNS_OF_OPERATORS = sorted(["->", "~=", "...", "=", *SIGNS], key=lambda sign: (-len(sign), sign))
"""Longest first, so that none is read as a shorter one."""
EVERY = [*STATEMENT_WORDS, *STAGES, *TYPES, *INNER, *RESERVED]
