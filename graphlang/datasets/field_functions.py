"""The functions that a `data` section computes fields with, element by element."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

ELEMENTWISE: dict[str, tuple[Callable[..., Any], int]] = {
    **{
        name: (getattr(np, name), 1)
        for name in (
            "abs exp exp2 expm1 log log2 log10 log1p sqrt cbrt square sign floor ceil round trunc sin cos "
            "tan sinh cosh tanh arcsin arccos arctan deg2rad isnan isfinite reciprocal"
        ).split()
    },
    **{name: (getattr(np, name), 2) for name in "minimum maximum hypot arctan2 logaddexp".split()},
    "where": (np.where, 3),
    "clip": (np.clip, 3),
}
"""A function by its name, and the number of its arguments."""

OPERATORS: dict[str, Callable[..., Any]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "//": np.floor_divide,
    "%": np.mod,
    "**": np.power,
    "==": np.equal,
    "!=": np.not_equal,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "and": np.logical_and,
    "or": np.logical_or,
}
SIGNS: dict[str, Callable[..., Any]] = {"-": np.negative, "not": np.logical_not}
OF_TRUTHS = {
    *(np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal),
    *(np.logical_and, np.logical_or, np.logical_not, np.minimum, np.maximum, np.where),
}
"""Functions that leave truth values as they are; in others they are 0 and 1."""

FORMS = {
    "standardize": "standardize(field)",
    "minmax": "minmax(field)",
    "impute": "impute(field, mean)`, `impute(field, median)` or `impute(field, 0)",
    "category": "category(field)`, `category(field, unknown=-1)` or `category(impute(field, mode))",
    "one_hot": "one_hot(category(field))",
    "words": "words(field, length=20)` for all words, or for an `Embedding(5000, ...)` "
    "`words(field, length=20, most=5000)",
    "word_count": "word_count(field, length=20)",
    "date": "date(field)",
    "field": 'field("any name")',
}
"""How what is no function of numbers is written."""
FOREIGN = {
    **dict.fromkeys(
        ("standardscaler", "standardise", "zscore", "zscores", "whiten", "scaler"), "standardize"
    ),
    **dict.fromkeys(("minmaxscaler", "minmaxscale", "rescale", "to01"), "minmax"),
    **dict.fromkeys(("fillna", "imputer", "simpleimputer", "coalesce", "fill", "ifnull"), "impute"),
    **dict.fromkeys(("labelencoder", "labelencode", "ordinal", "ordinalencoder", "factorize"), "category"),
    **dict.fromkeys(("categorical", "categories", "encode", "classes", "codes"), "category"),
    **dict.fromkeys(
        ("onehotencoder", "onehotencode", "getdummies", "dummies", "dummy", "tocategorical"), "one_hot"
    ),
    **dict.fromkeys(("tokenize", "tokenizer", "tokens", "token", "wordids", "wordpiece", "text"), "words"),
    **dict.fromkeys(("vocabulary", "vocab", "textvectorization", "countvectorizer", "bagofwords"), "words"),
    **dict.fromkeys(("texttosequence", "textstosequences", "padsequences", "splitwords"), "words"),
    **dict.fromkeys(("length", "lengths", "len", "wordcount", "countwords", "numwords"), "word_count"),
    **dict.fromkeys(("todatetime", "datetime", "parsedate", "todate", "timestamp"), "date"),
    **dict.fromkeys(("column", "col", "feature"), "field"),
    **dict.fromkeys(("max", "pmax"), "maximum"),
    **dict.fromkeys(("min", "pmin"), "minimum"),
    **dict.fromkeys(("ln", "logarithm"), "log"),
    **dict.fromkeys(("ifelse", "iif", "cond"), "where"),
}
"""What other tools call them, in small letters without `_`."""
SCALINGS = ("normalize", "normalise", "normalizer", "normalization", "scale")
"""What may mean either of two functions."""
LEARNS = ("standardize", "minmax", "impute", "category", "words")
MOST_IDS = 20_000
"""What the numbers of `words` are below where it says nothing else."""
DEEPEST = 100
"""How many calls and operators of a field stand within one another."""
FEWEST_IDS, LARGEST_SIZE = 3, 2**31
"""With less than the first, `words` would know no word; sizes are below the second."""
