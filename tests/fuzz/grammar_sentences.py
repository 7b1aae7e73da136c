"""Random sentences of the grammar: whatever they mean, the parser takes them or says what is wrong with them."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from itertools import zip_longest

from lark import Token
from lark.grammar import NonTerminal, Rule, Symbol

from graphlang.lazy import made_once
from graphlang.syntax import parse_table

WORDS = {
    "NAME": """x y t a b n N loss f g A exp sum mean grad where Affine Relu Softmax MeanSquaredError SGD minimize
    optimizer batch iterations lr source of csv e1 layers_ for_""".split(),
    "NUMBER": "0 1 2 3 4 0.5 1e-3 .5 1. 3e400 12345678901234567890 1e-400".split(),
    "STRING": ['"a.csv"', '""', '"é\\""', '"../x"', '"a -> b"'],
    "SECTION": ["data", "train", "gradcheck"],
    "DTYPE": ["float", "int", "bool"],
    "CMP": ["==", "!=", "<=", ">=", "<", ">"],
    "MULOP": ["*", "//", "/", "%", "@"],
    "_NL": ["\n", ";", "\n\n", "  # a remark\n"],
}
"""Texts of the terminals that have more than one."""
NEVER = frozenset({"BROKEN", "broken"})
"""No text gives this terminal, or the rule of it alone."""


@made_once
def grammar() -> Grammar:
    return Grammar()


class Grammar:
    """The rules by their left side, and how deep the shallowest sentence of each is."""

    def __init__(self) -> None:
        lark = parse_table.lark_of(parse_table.GRAMMAR.read_text("utf-8"))
        self.texts = {t.name: WORDS.get(t.name) or [t.pattern.value] for t in lark.terminals}
        self.rules: dict[str, list[Rule]] = defaultdict(list)
        for rule in sorted(lark.rules, key=str):  # Lark's own order is another one in every process
            if not any(_name(symbol) in NEVER for symbol in (rule.origin, *rule.expansion)):
                self.rules[_name(rule.origin)].append(rule)
        self.depths: dict[str, int] = {}
        self._measure()

    def _measure(self) -> None:
        before = None
        while before != self.depths:
            before = dict(self.depths)
            for name, rules in self.rules.items():
                known = [depth for depth in map(self.depth, rules) if depth is not None]
                if known:
                    self.depths[name] = min(known)

    def depth(self, rule: Rule) -> int | None:
        """The depth of the shallowest sentence of a rule; None where it is not yet known."""
        parts = [0 if symbol.is_term else self.depths.get(_name(symbol)) for symbol in rule.expansion]
        return None if None in parts else 1 + max((part for part in parts if part is not None), default=0)

    def sentence(self, source: random.Random, most: int = 40) -> list[str]:
        """The words of a random sentence; beyond `most` words rules take shallow forms."""
        words: list[str] = []
        pending: list[Symbol] = [NonTerminal("start")]
        while pending:
            symbol = pending.pop()
            if symbol.is_term:
                words.append(source.choice(self.texts[symbol.name]))
                continue
            rules = [r for r in self.rules[_name(symbol)] if not words or not _is_version(r)]
            long = len(words) + len(pending) > most
            pending += reversed(self._choice(source, rules, long).expansion)
        return words

    def _choice(self, source: random.Random, rules: list[Rule], long: bool) -> Rule:
        depths = [self.depth(rule) or 0 for rule in rules]
        most = min(depths) if long and source.random() < 0.9 else max(depths)
        return source.choice([rule for rule, depth in zip(rules, depths, strict=True) if depth <= most])


def joined(words: list[str], source: random.Random) -> str:
    """The words with blanks between them, here and there a tab, several, or none where none is needed."""
    return "".join(word + blank for word, blank in zip(words, _blanks(words, source), strict=True))


def _blanks(words: list[str], source: random.Random) -> Iterator[str]:
    for word, after in zip_longest(words, words[1:], fillvalue=""):
        apart = word[-1:] in "([{,;\n" or after[:1] in ")]},;\n"
        yield source.choice(["", " "] if apart else [" ", " ", "  ", "\t"])


def _is_version(rule: Rule) -> bool:
    """Whether a rule gives `graphlang 1`, which is a statement, and only the first one."""
    return [_name(symbol) for symbol in rule.expansion] == ["version"]


def _name(symbol: Symbol) -> str:
    name = symbol.name
    return name.value if isinstance(name, Token) else name
