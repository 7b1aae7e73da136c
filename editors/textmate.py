"""The TextMate grammar of the language, for VS Code and all that reads such grammars."""

from __future__ import annotations

import re
from typing import Any

from words import (
    BLOCK_STAGES,
    CHOICE,
    CONSTANTS,
    EVERY,
    HEADS,
    IN_BLOCKS,
    LOGICAL,
    SECTIONS,
    SIGNS_OF_OPERATORS,
    STAGES,
    TOP,
    TYPES,
)

NAME = r"[^\W\d][\w\p{M}]*+"
NAMES = rf"{NAME}(?:[ \t]*,[ \t]*{NAME})*"
ASSIGNED = r"[ \t]*(?:=(?![=>])|,)"
START = r"(?:^|\G|(?<=[;{]))[ \t]*"
"""Where a statement may start."""
EXPRESSION = "comment string number braces parentheses brackets word name operator"
STORAGE = ["hyper", "def", "input", "param", "layer"]


def one_of(words: list[str]) -> str:
    return "|".join(words)


def rest_of(words: list[str], without: list[str]) -> list[str]:
    return [word for word in words if word not in without]


NEW_STATEMENT = (
    rf"^(?=[ \t]*(?:(?:{one_of(HEADS)})[ \t]+(?!(?:{one_of(rest_of(EVERY, HEADS))})\b)[^\W\d]"
    rf'|import[ \t]*"|graphlang[ \t]+[0-9]|(?:{one_of(SECTIONS)})[ \t]*\{{))'
)
"""The start of a statement of the top level, before which whatever is open lacks its bracket."""


def rule(match: str, *scopes: str) -> dict[str, Any]:
    """A pattern with the scope of the whole, or those of its groups."""
    if len(scopes) == 1 and not re.search(r"(?<!\\)\((?!\?)", match):
        return {"match": match, "name": scopes[0]}
    return {"match": match, "captures": {str(i): {"name": s} for i, s in enumerate(scopes, 1) if s}}


def bracketed(opening: str, closing: str, patterns: list[str], scope: str) -> dict[str, Any]:
    return {
        "name": scope,
        "begin": opening,
        "beginCaptures": {"0": {"name": "punctuation.section.begin.graphlang"}},
        "end": f"{closing}|{NEW_STATEMENT}",
        "endCaptures": {"0": {"name": "punctuation.section.end.graphlang"}},
        "patterns": [{"include": f"#{name}"} for name in patterns],
    }


def statements(words: list[str], after: str) -> list[dict[str, Any]]:
    storage = [word for word in words if word in STORAGE]
    others = rest_of(words, storage)
    return [
        rule(rf"{START}({one_of(group)})\b(?!{ASSIGNED}){after}", scope)
        for group, scope in ((storage, "storage.type.graphlang"), (others, "keyword.control.graphlang"))
        if group
    ]


def _import() -> list[dict[str, Any]]:
    return [
        {
            "begin": rf"{START}(import)\b(?!{ASSIGNED})",
            "beginCaptures": {"1": {"name": "keyword.control.import.graphlang"}},
            "end": "$|(?=;)",
            "patterns": [
                {"include": "#comment"},
                {"include": "#string"},
                rule(
                    rf'(?<=["\s])(as)\b[ \t]+({NAME})',
                    "keyword.control.as.graphlang",
                    "variable.other.graphlang",
                ),
            ],
        }
    ]


def _words() -> list[dict[str, Any]]:
    return [
        _loop("for", NAMES),
        _loop("scan", NAME),
        rule(rf"(?<![\w.])({one_of(BLOCK_STAGES)})\b(?=[ \t]*\{{)", "keyword.control.stage.graphlang"),
        rule(r"(?<![\w.])(repeat)\b(?=[ \t]+[\w(])", "keyword.control.stage.graphlang"),
        rule(
            r'(?:^|(?<=[\w)\]}"]))[ \t]*(?<!\w)(carry|within)\b(?=[ \t]+[^\s=,:])',
            "keyword.control.clause.graphlang",
        ),
        rule(rf"(?<![\w.])(?:{one_of(CHOICE)})\b", "keyword.control.conditional.graphlang"),
        rule(rf"(?<![\w.])(?:{one_of(LOGICAL)})\b", "keyword.operator.logical.graphlang"),
        rule(rf"(?<![\w.])(?:{one_of(CONSTANTS)})\b", "constant.language.graphlang"),
    ]


def _loop(word: str, names: str) -> dict[str, Any]:
    return {
        "match": rf"(?<![\w.])({word})[ \t]+({names})[ \t]+(in)\b",
        "captures": {
            "1": {"name": "keyword.control.loop.graphlang"},
            "2": {"patterns": [{"include": "#name"}]},
            "3": {"name": "keyword.control.in.graphlang"},
        },
    }


def _names() -> list[dict[str, Any]]:
    arrow, layer = "keyword.operator.arrow.graphlang", "entity.name.type.layer.graphlang"
    function = "entity.name.function.graphlang"
    stage = rf"(?!(?:{one_of(STAGES)})\b(?:[ \t]*\{{|[ \t]+[\w(]))"
    return [
        rule(rf"(->)[ \t]*{stage}(\p{{Lu}}[\w\p{{M}}]*)", arrow, layer),
        rule(rf"(->)[ \t]*{stage}({NAME})", arrow, function),
        rule(rf"(?<=\.)({NAME})", "variable.other.property.graphlang"),
        rule(r"(?<![\w.])(\p{Lu}[\w\p{M}]*)(?=[ \t]*\()", layer),
        rule(rf"(?<![\w.])({NAME})(?=[ \t]*\()", function),
        rule(rf"(?<![\w.])({NAME})", "variable.other.graphlang"),
    ]


REPOSITORY: dict[str, Any] = {
    "comment": {"patterns": [rule(r"#.*$", "comment.line.number-sign.graphlang")]},
    "string": {
        "patterns": [
            {
                "name": "string.quoted.double.graphlang",
                "begin": '"',
                "end": '"|$',
                "patterns": [
                    rule(r'\\[nt"\\]', "constant.character.escape.graphlang"),
                    rule(r"\\.", "invalid.illegal.escape.graphlang"),
                ],
            }
        ]
    },
    "number": {
        "patterns": [
            rule(
                r"(?<![\w.])(?:[0-9]+(?:\.(?!\.\.)[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?",
                "constant.numeric.graphlang",
            )
        ]
    },
    "statement": {"patterns": [*_import(), *statements(TOP, "")]},
    "inner": {"patterns": statements(IN_BLOCKS, r"(?=[ \t]+[^\s=,:])")},
    "section": {
        "patterns": [
            {
                "name": "meta.section.graphlang",
                "begin": rf"{START}({one_of(SECTIONS)})[ \t]*(\{{)",
                "beginCaptures": {
                    "1": {"name": "keyword.control.section.graphlang"},
                    "2": {"name": "punctuation.section.begin.graphlang"},
                },
                "end": rf"\}}|{NEW_STATEMENT}",
                "endCaptures": {"0": {"name": "punctuation.section.end.graphlang"}},
                "patterns": [{"include": "#setting"}, {"include": "#expression"}],
            }
        ]
    },
    "setting": {
        "patterns": [rule(rf"{START}({NAME})(?=[ \t]*=(?!=))", "support.type.property-name.graphlang")]
    },
    "definition": {
        "patterns": [
            rule(
                rf"{START}(def)[ \t]+({NAME})(?=[ \t]*\()",
                "storage.type.graphlang",
                "entity.name.function.graphlang",
            )
        ]
    },
    "type": {"patterns": [rule(rf"(:)[ \t]*({one_of(TYPES)})\b", "", "storage.type.size.graphlang")]},
    "word": {"patterns": _words()},
    "name": {"patterns": _names()},
    "operator": {
        "patterns": [
            rule("->", "keyword.operator.arrow.graphlang"),
            rule(one_of([re.escape(sign) for sign in SIGNS_OF_OPERATORS]), "keyword.operator.graphlang"),
        ]
    },
    "label": {"patterns": [rule(rf"{START}({NAME})(?=[ \t]*:)", "entity.name.label.graphlang")]},
    "argument": {"patterns": [rule(rf"(?<![\w.])({NAME})(?=[ \t]*=(?!=))", "variable.parameter.graphlang")]},
    "braces": bracketed(r"\{", r"\}", ["inner", "label", "type", "expression"], "meta.block.graphlang"),
    "parentheses": bracketed(r"\(", r"\)", ["type", "argument", "expression"], "meta.parens.graphlang"),
    "brackets": bracketed(r"\[", r"\]", ["expression"], "meta.brackets.graphlang"),
    "expression": {"patterns": [{"include": f"#{name}"} for name in EXPRESSION.split()]},
}
"""The rules by name."""


def grammar() -> dict[str, Any]:
    """The whole grammar, as graphlang.tmLanguage.json has it."""
    top = ("section", "definition", "statement", "type", "expression")
    return {
        "$schema": "https://raw.githubusercontent.com/martinring/tmlanguage/master/tmlanguage.json",
        "name": "Graphlang",
        "scopeName": "source.graphlang",
        "fileTypes": ["graph"],
        "patterns": [{"include": f"#{name}"} for name in top],
        "repository": REPOSITORY,
    }


def in_markdown() -> dict[str, Any]:
    """The grammar of a block of Markdown whose language is `graph`."""
    fence = r"(^|\G)(\s*)(`{3,}|~{3,})"
    return {
        "scopeName": "markdown.graphlang.codeblock",
        "injectionSelector": "L:text.html.markdown",
        "patterns": [
            {
                "begin": rf"{fence}\s*(?i:(graph|graphlang)(?=[\s:{{]|$))[^`~]*$",
                "name": "markup.fenced_code.block.markdown",
                "end": r"(^|\G)(\2|\s{0,3})(\3)\s*$",
                "beginCaptures": {
                    "3": {"name": "punctuation.definition.markdown"},
                    "4": {"name": "fenced_code.block.language.markdown"},
                },
                "endCaptures": {"3": {"name": "punctuation.definition.markdown"}},
                "patterns": [
                    {
                        "begin": r"(^|\G)(\s*)(.*)",
                        "while": r"(^|\G)(?!\s*([`~]{3,})\s*$)",
                        "contentName": "meta.embedded.block.graphlang",
                        "patterns": [{"include": "source.graphlang"}],
                    }
                ],
            }
        ],
    }
