"""Writes the spec of a proposal, with comments that say what was chosen, and why."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Iterator
from math import floor, log10

from graphlang.formatting import laid_out
from graphlang.scaffold.network_size import vector_size
from graphlang.scaffold.proposal import Proposal
from graphlang.scaffold.row_splits import FEWEST_FOR_TEST
from graphlang.scaffold.spec_words import field, number_literal, shown, text_literal, value_name
from graphlang.scaffold.table_features import WordColumn
from graphlang.scaffold.templates import filled_in
from graphlang.scaffold.text_columns import TextFeature

_WIDTH = 105
_TAKEN = (
    "x t y z h loss answer share estimate actual hidden concat argmax softmax accuracy f1 confusion mae r2 "
    "source validation test sample graphlang sum maximum"
).split()
"""Names that the spec gives, or uses."""
_WHY = {
    "named": "as `--target` says",
    "likely": "for its name",
    "last": "as the last column",
    "fits": "as the last column that can be",
}

_INSTEAD = {"number": "predicts a number instead", "classes": "makes a class of each of its values"}


def table_spec(found: Proposal, stem: str, quoted: Callable[[str], str]) -> str:
    """The text of a spec for a table, laid out; `quoted` makes a word of a command line of a path."""
    parts = [_sizes(found), _inputs(found), _network(found), _data(found), _train(found)]
    body = "\n\n".join("\n".join(part) for part in map(list, parts) if part)
    head = filled_in("\n".join(_head(found)), stem, quoted)
    return laid_out(f"{head}\n\n{body}\n")


def _names(found: Proposal) -> dict[str, str]:
    """The inputs of the columns of words and of texts, of which each word has a vector."""
    names: dict[str, str] = {}
    columns = [c.name for c in found.features.embedded] + [c.name for c in found.features.texts]
    for column in columns:
        names[column] = value_name(column, {*_TAKEN, *names.values()})
    return names


def _text_names(found: Proposal) -> list[tuple[TextFeature, str, str]]:
    """The columns of texts with the inputs of their words and of how many there are."""
    names = _names(found)
    taken = {*_TAKEN, *names.values()}
    named = []
    for text in found.features.texts:
        count = value_name(f"{names[text.name]}_count", taken)
        taken.add(count)
        named.append((text, names[text.name], count))
    return named


# ---- comments ----------------------------------------------------------------------------------------------


def _comment(words: str, indent: str = "") -> list[str]:
    return textwrap.wrap(
        words, _WIDTH, initial_indent="# ", subsequent_indent=f"# {indent}", break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip


def _head(found: Proposal) -> Iterator[str]:
    yield f"# NAME: predicts {shown(found.target.name)} from the other columns of {shown(found.path)}"
    yield "#"
    yield "#     graphlang check FILE    names, types and shapes, without data"
    yield "#     graphlang train FILE    the weights go to RUN"
    if found.splits.test:
        yield "#     graphlang evaluate FILE --weights RUN"
    yield f"#     graphlang predict FILE --weights RUN --data new{_suffix(found)}"
    yield "#"
    yield from _comment(f"{_looked_at(found)} {_of_target(found)}")
    if found.features.left_out:
        yield "#"
        yield "# Left out:"
        for name, why in found.features.left_out:
            yield from _comment(f"- {shown(name)} {why}", "  ")


def _suffix(found: Proposal) -> str:
    return "." + found.path.rpartition(".")[2]


def _looked_at(found: Proposal) -> str:
    rows = found.file.table.rows
    if found.step == 1:
        return f"Proposed from all {rows:,} rows."
    return f"Proposed from {-(-rows // found.step):,} of {rows:,} rows, one of every {found.step}."


def _of_target(found: Proposal) -> str:
    target = found.target
    chosen = f"{shown(target.name)} was chosen {_WHY[target.why]}"
    if target.instead_of is not None:
        name, why = target.instead_of
        chosen += f", for {shown(name)} {why}"
    if target.why != "named":
        chosen += "; `--target COLUMN` chooses another one"
    instead = "" if target.instead is None else f"; `--as {target.instead}` {_INSTEAD[target.instead]}"
    if not target.classes:
        return f"{chosen}. It is a number{instead}."
    kind = "words" if target.look.kind == "words" else "whole numbers"
    often, count = target.classes.most_common(1)[0]
    share = round(100 * count / target.classes.total())
    return (
        f"{chosen}. Its {len(target.classes)} different {kind} are classes; {shown(often)} alone would be "
        f"right for {share} % of the rows{instead}."
    )


# ---- sections ----------------------------------------------------------------------------------------------


def _sizes(found: Proposal) -> Iterator[str]:
    if found.size.layers:
        what = "the hidden layer" if found.size.layers == 1 else "each hidden layer"
        yield f"hyper hidden = {found.size.hidden} # units of {what}"


def _inputs(found: Proposal) -> Iterator[str]:
    if found.columns:
        yield f"input x: float[N, {found.columns}] # {_parts(found)}; N, the number of rows, is any"
    names = _names(found)
    for words in found.features.embedded:
        yield f"input {names[words.name]}: int[N] # which word stands in {shown(words.name)}"
    for text, name, count in _text_names(found):
        yield f"input {name}: int[N, {text.length}] # the words of {shown(text.name)} as numbers"
        yield f"input {count}: int[N] # how many words there are"
    kind = "int[N]" if found.target.classes else "float[N, 1]"
    what = "the class, a number from 0 on" if found.target.classes else "the target, scaled"
    yield f"input t: {kind} # {what}"


def _parts(found: Proposal) -> str:
    count = len(found.features.numbers)
    parts = [f"{count} number{'s' * (count > 1)}"] if count else []
    if found.features.one_hot:
        parts.append(f"{found.columns - count} columns for words")
    return " and ".join(parts)


def _network(found: Proposal) -> Iterator[str]:
    vectors = []
    for words in found.features.embedded:
        name = _names(found)[words.name]
        vectors.append(f"{name}_vector")
        sizes = f"{words.classes + 1}, {vector_size(words.classes)}, padding={words.classes}"
        others = f"# a vector for each word; {words.classes} is any other word"
        yield f"{name}_vector = {name} -> Embedding({sizes}) {others}"
    for text, name, count in _text_names(found):
        vectors.append(f"{name}_vector")
        yield from _vector_of_text(text, name, count)
    parts = [*(["x"] if found.columns else []), *vectors]
    if len(parts) > 1:
        yield f"h = concat({', '.join(parts)}, axis=1)"
    start = parts[0] if len(parts) == 1 else "h"
    hidden = " -> Affine(hidden) -> Tanh" * found.size.layers
    if found.target.classes:
        yield f"y = {start}{hidden} -> Affine({len(found.target.classes)}) # a score for each class"
        yield "loss = SoftmaxWithLoss(y, t)"
        yield ""
        yield "answer = argmax(y, axis=1)"
        yield "share = softmax(y)"
        yield "output answer, share"
        return
    yield f"z = {start}{hidden} -> Affine(1)"
    yield "loss = MeanSquaredError(z, t)"
    yield ""
    yield "# in the units of the table"
    for name, scaled in (("estimate", "z"), ("actual", "t")):
        yield f"{name} = {_unscaled(found, scaled)}"
    yield "output estimate"


def _vector_of_text(text: TextFeature, name: str, count: str) -> Iterator[str]:
    """A vector for a text: of short ones what is left after the last word, of long ones the mean."""
    sizes = f"{text.most}, {text.vector}, padding=0"
    yield "# 0 fills short texts up, 1 is any word that training did not see or that is too rare"
    if text.in_order:
        read = f"LSTM({text.vector}, lengths={count}, return=last)"
        yield f"{name}_vector = {name} -> Embedding({sizes}) -> {read}"
        return
    yield f"{name}_words = {name} -> Embedding({sizes})"
    yield f"{name}_vector = sum({name}_words, axis=1) / maximum({count}, 1)[:, none] # the mean of its words"


def _data(found: Proposal) -> Iterator[str]:
    options = dict(found.file.options)
    if found.takes_all:
        options = {"target": text_literal(found.target.name), **options}
    if found.missing:
        options["missing"] = f"[{', '.join(map(text_literal, found.missing))}]"
    options["test"] = number_literal(found.splits.test)
    if found.splits.seed:
        options["seed"] = str(found.splits.seed)
    written = ", ".join(f"{name}={value}" for name, value in options.items())
    yield "data {"
    yield from _of_splits(found)
    yield f"source = {found.file.source}({text_literal(found.path)}, {written})"
    if found.splits.validation:
        yield f"validation = {number_literal(found.splits.validation)}"
    yield from _fields(found)
    yield "}"


def _of_splits(found: Proposal) -> Iterator[str]:
    if not found.splits.test:
        few = found.file.table.rows < FEWEST_FOR_TEST
        why = "there are few" if few else "some class has too few rows to keep any for testing"
        yield f"# all rows train: {why}"
    elif found.splits.validation:
        yield "# of the rows, some only measure: `test` in the end, `validation` while training"
    else:
        yield "# a fifth of the rows only measures"


def _fields(found: Proposal) -> Iterator[str]:
    if found.takes_all:
        yield "# the field `x` is all columns but the target"
    if found.columns:
        lists = [_scaled(found)] if found.features.numbers else []
        lists += [
            f"one_hot({_category(words, -1 if words.has_others else None)})"
            for words in found.features.one_hot
        ]
        yield f"x = {lists[0] if len(lists) == 1 else _listed(lists)}"
    for words in found.features.embedded:
        yield f"{_names(found)[words.name]} = {_category(words, words.classes)}"
    for text, name, count in _text_names(found):
        yield f"{name} = words({field(text.name)}, length={text.length}, most={text.most})"
        yield f"{count} = word_count({field(text.name)}, length={text.length})"
    target = field(found.target.name)
    if found.target.classes:
        yield f"t = category({target})"
    else:
        yield f"t = [{_scaling(found, target)}]"


def _scaled(found: Proposal) -> str:
    if found.takes_all:
        gaps = any(look.gaps for look in found.features.numbers)
        return f"standardize({'impute(x, median)' if gaps else 'x'})"
    numbers = []
    for look in found.features.numbers:
        name = f"date({field(look.name)})" if look.kind == "dates" else field(look.name)
        numbers.append(f"impute({name}, median)" if look.gaps else name)
    return f"standardize({_listed(numbers)})"


def _listed(items: Iterable[str]) -> str:
    return f"[{', '.join(items)}]"


def _category(words: WordColumn, unknown: int | None) -> str:
    name = field(words.name)
    filled = name if words.fill is None else f"impute({name}, {text_literal(words.fill)})"
    return f"category({filled})" if unknown is None else f"category({filled}, unknown={unknown})"


def _train(found: Proposal) -> Iterator[str]:
    size = found.size
    yield "train {"
    yield "minimize = loss"
    yield f"optimizer = Adam(lr={number_literal(size.rate)})"
    yield f"batch = {size.batch}"
    if found.splits.validation:
        yield f"epochs = {size.epochs} # at most"
        yield "stop = early(patience=10) # and the weights of the best epoch come back"
    else:
        yield f"epochs = {size.epochs}"
    if any(text.in_order for text in found.features.texts):
        yield "clip_norm = 1 # no single step of the LSTM becomes too large"
    yield f"metrics = [{', '.join(_metrics(found))}]"
    yield "}"


def _metrics(found: Proposal) -> list[str]:
    classes = found.target.classes
    if not classes:
        return ["mae(estimate, actual)", "r2(z, t)"]
    uneven = 3 * max(classes.values()) > 2 * classes.total()
    return [
        "accuracy(y, t)",
        *(["f1(y, t, average=macro)"] if uneven else []),
        *(["confusion(y, t)"] if len(classes) <= 10 else []),
    ]


# ---- scaling -----------------------------------------------------------------------------------------------


def _scale(found: Proposal) -> tuple[float, float]:
    """A round number near the mean of the target, and one near its deviation."""
    values = found.target.look.values
    exponent = floor(log10(float(values.std())))
    by = round(float(values.std()) / 10.0**exponent) * 10.0**exponent
    return float(f"{round(float(values.mean()) / by) * by:.12g}"), float(f"{by:.12g}")


def _scaling(found: Proposal, name: str) -> str:
    less, by = _scale(found)
    if less:
        name = f"({name} {'-' if less > 0 else '+'} {number_literal(abs(less))})"
    return name if by == 1 else f"{name} / {number_literal(by)}"


def _unscaled(found: Proposal, name: str) -> str:
    less, by = _scale(found)
    if by != 1:
        name = f"{number_literal(by)} * {name}"
    return f"{number_literal(less)} + {name}" if less else name
