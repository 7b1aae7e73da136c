"""Finds what a model repeats, and makes a `def` of it."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple

from graphlang.onnx.importing.expression import Keyword, NameRef, WrittenCall, names_of_expression
from graphlang.onnx.importing.names import Identifiers, not_as_a_layer
from graphlang.onnx.importing.rewriting import LITERAL, Parts, parts_of, refilled
from graphlang.onnx.importing.sharing import share_copies, shares_whole
from graphlang.onnx.importing.writer import BlockCopy, Statement, Writer

SHORTEST, LONGEST = 3, 160
"""How many statements a `def` may have."""
MOST_FORMALS = 4
MOST_DEFS = 16
MOST_TRIED = 300
_PRIME = 2**61 - 1


class RepeatedBlock(NamedTuple):
    """A `def` with a capital name."""

    name: str
    #: each formal with its type, where that says something
    formals: tuple[tuple[str, str], ...]
    params: tuple[Statement, ...]
    statements: tuple[Statement, ...]
    result: str


def blocks_of(
    statements: list[Statement], writer: Writer, kept: AbstractSet[str]
) -> tuple[list[RepeatedBlock], list[Statement]]:
    """The blocks in the order in which they are found, and the statements that use them."""
    blocks: list[RepeatedBlock] = []
    while len(blocks) < MOST_DEFS:
        made = _next_block(statements, writer, kept)
        if made is None:
            break
        block, statements = made
        blocks.append(block)
    return blocks, statements


def _next_block(
    statements: list[Statement], writer: Writer, kept: AbstractSet[str]
) -> tuple[RepeatedBlock, list[Statement]] | None:
    """Of what occurs most often the longest; a number that is handed in counts as three statements."""
    search = _Search(statements, kept)
    for _, candidates in itertools.groupby(search.candidates(), key=lambda pair: len(pair[1])):
        groups = [_Group(search, *pair, writer) for pair in itertools.islice(candidates, MOST_TRIED)]
        fitting = [group for group in groups if group.fits()]
        if fitting:
            best = max(fitting, key=lambda group: (group.length - 3 * len(group.numbers), group.length))
            return best.block(), best.replaced()
    return None


class _Search:
    """Stretches of statements of one structure, each with one result."""

    def __init__(self, statements: list[Statement], kept: AbstractSet[str]) -> None:
        self.statements = statements
        self.kept = kept
        self.parts = [_parts(s) for s in statements]
        self.places = {name: i for i, s in enumerate(statements) for name in s.names}
        self.last = [-1] * len(statements)
        for i, statement in enumerate(statements):
            for name in (*names_of_expression(statement.expression), *statement.uses):
                if name in self.places:
                    self.last[self.places[name]] = max(self.last[self.places[name]], i)
        for name in kept & self.places.keys():
            self.last[self.places[name]] = len(statements)

    def candidates(self) -> Iterator[tuple[int, list[int]]]:
        """Lengths with the places that do not overlap: what occurs most often first, then what is longest."""
        groups: dict[tuple[int, int], list[int]] = {}
        for start, end, key in self._stretches():
            groups.setdefault((end - start, key), []).append(start)
        found = []
        for (length, _), starts in groups.items():
            apart: list[int] = []
            for start in sorted(starts):
                if not apart or start >= apart[-1] + length:
                    apart.append(start)
            if len(apart) > 1 and (len(apart) - 1) * (length - 2) >= 3:
                found.append((length, apart))
        found.sort(key=lambda pair: (-len(pair[1]), -pair[0], pair[1][0]))
        return iter(found)

    def _stretches(self) -> Iterator[tuple[int, int, int]]:
        """From where to where they go, with a number that those of one structure share."""
        tokens: dict[Any, int] = {}
        numbers = [0 if p is None else tokens.setdefault(p.structure, len(tokens) + 1) for p in self.parts]
        hashes, powers = [0], [1]
        for number in numbers:
            hashes.append((hashes[-1] * 1_000_003 + number) % _PRIME)
            powers.append(powers[-1] * 1_000_003 % _PRIME)
        for end in range(1, len(numbers) + 1):
            live = 0
            for start in range(end - 1, max(end - LONGEST, 0) - 1, -1):
                live += self.last[start] >= end
                if live > 1 or self.parts[start] is None:
                    break
                if end - start >= SHORTEST:
                    yield start, end, (hashes[end] - hashes[start] * powers[end - start]) % _PRIME


def _parts(statement: Statement) -> Parts | None:
    return None if statement.text is not None else parts_of(statement.expression)


class _Group:
    """The copies of one stretch, compared."""

    def __init__(self, search: _Search, length: int, starts: list[int], writer: Writer) -> None:
        self.search, self.length, self.starts, self.writer = search, length, starts, writer
        self.rows = [search.statements[s : s + length] for s in starts]
        self.names = [[n for s in row for n in s.names] for row in self.rows]
        #: by the names that the copies have for them: what a copy takes from outside
        self.values: dict[tuple[str, ...], str] = {}
        self.params: dict[tuple[str, ...], str] = {}
        self.numbers: dict[tuple[Any, ...], str] = {}
        self.local = Identifiers(frozenset(writer.catalog.names()))

    def fits(self) -> bool:
        """Whether all copies are one `def`, with few formals."""
        first = self.rows[0]
        if any([len(s.names) for s in row] != [len(s.names) for s in first] for row in self.rows):
            return False
        if all(self._is_block(s) for s in first):
            return False  # a loop of the chain
        if len(first[-1].names) != 1 or not any(
            s.expression is not None and _owns(s.expression) for s in first
        ):
            return False
        for k in range(self.length):
            rows = [self.search.parts[start + k] for start in self.starts]
            if not self._compared(rows):
                return False
        few = bool(self.values) and len(self.values) + len(self.numbers) <= MOST_FORMALS
        return few and self._types_fit() and self._shares_whole()

    def _shares_whole(self) -> bool:
        return shares_whole(self._keys(), self.numbers, bool(self.params), self.writer)

    def _keys(self) -> list[tuple[int, ...]]:
        """The keys of the layers of each copy."""
        return [
            tuple(key for s in row for key in parts_of(s.expression).keys if key is not None)
            for row in self.rows
        ]

    def _is_block(self, statement: Statement) -> bool:
        call = statement.expression
        return isinstance(call, WrittenCall) and call.key in self.writer.copies

    def _compared(self, rows: list[Parts | None]) -> bool:
        assert all(row is not None for row in rows)
        if len({row.structure for row in rows if row is not None}) != 1:
            return False
        for names in zip(*(row.names for row in rows if row is not None), strict=True):
            if not self._name(names):
                return False
        for numbers in zip(*(row.numbers for row in rows if row is not None), strict=True):
            values = tuple(value for _, value in numbers)
            if len(set(values)) > 1 and values not in self.numbers:
                self.numbers[values] = self.local.new(
                    "value" if numbers[0][0] == LITERAL else numbers[0][0], "n"
                )
        return True

    def _name(self, names: tuple[str, ...]) -> bool:
        """Sorts what the copies call by these names: a value inside, a parameter of each, or a formal."""
        inside = [name in own for name, own in zip(names, self.names, strict=True)]
        if any(inside):
            places = [own.index(n) for n, own in zip(names, self.names, strict=True) if n in own]
            return all(inside) and len(set(places)) == 1
        if names in self.values or names in self.params:
            return True
        declared = [n in self.writer.parameters for n in names]
        if all(declared) and len(set(names)) == len(names):
            shapes = {self.writer.parameters[n].shape for n in names}
            if len(shapes) > 1 or not all(map(self._is_own, zip(names, self.starts, strict=True))):
                return False
            self.params[names] = self.local.new(_last_words(names[0]), "weight")
        else:
            self.values[names] = self.local.new(f"x{len(self.values) + 1}" if self.values else "x", "x")
        return True

    def _is_own(self, pair: tuple[str, int]) -> bool:
        name, start = pair
        users = [
            i
            for i, s in enumerate(self.search.statements)
            if name in (*names_of_expression(s.expression), *s.uses)
        ]
        return all(start <= i < start + self.length for i in users) and name not in self.search.kept

    # ---- the def -----------------------------------------------------------------------------------------

    def _types(self) -> dict[tuple[str, ...], str]:
        """The types of the formals, where all copies have the same."""
        types = {}
        for names in self.values:
            texts = {self._type(name) for name in names}
            types[names] = texts.pop() if len(texts) == 1 else ""
        return types

    def _type(self, name: str) -> str:
        place = self.search.places.get(name)
        if place is None:
            return ""
        s = self.search.statements[place]
        if len(s.types) == len(s.names):
            return s.types[s.names.index(name)]
        return (s.text or "").partition(": ")[2].partition(" =")[0]

    def _types_fit(self) -> bool:
        """Whether every size like N that the body has is bound by a formal."""
        bound = {
            n for text in self._types().values() for n in re.findall(r"[\[ ]([A-Za-z_]\w*)(?=[,\]])", text)
        }
        used = {n for s in self.rows[0] for n in _sizes_in(s.expression)}
        compound = {
            n for text in self._types().values() for n in re.findall(r"[A-Za-z_]\w*", text.partition("[")[2])
        }
        return used <= bound and compound <= bound

    def block(self) -> RepeatedBlock:
        """The `def`, written after the first copy."""
        first, types = self.rows[0], self._types()
        names = self._local_names()
        order = (values for k in range(self.length) for values in self._number_rows(k))
        places = itertools.count()

        refs = (outer for k in range(self.length) for outer in self._name_rows(k))

        def name(ref: str) -> NameRef:
            outer = next(refs)  # the first copy may have one name for two formals
            return NameRef(self.values.get(outer) or self.params.get(outer) or names[ref])

        def number(word: str, value: Any) -> Any:
            values = next(order)
            if len(set(values)) == 1:
                return value
            formal = self.numbers[values]
            return NameRef(formal) if word == LITERAL else Keyword(formal)

        body = []
        for k, statement in enumerate(first):
            same = all(row[k].types == statement.types for row in self.rows)
            body.append(
                Statement(
                    tuple(names[n] for n in statement.names),
                    refilled(statement.expression, name, number, lambda _: next(places)),
                    statement.types if same else (),
                )
            )
        params = tuple(self._param(names[0], local) for names, local in self.params.items())
        formals = [(local, types[names]) for names, local in self.values.items()]
        formals += [(local, "") for local in self.numbers.values()]
        self.name = self._title()
        return RepeatedBlock(self.name, tuple(formals), params, tuple(body), names[first[-1].names[0]])

    def _title(self) -> str:
        """A name after the words that the names of its values share; the second one has a B behind it."""
        wanted = _title(_common_start(self._own_words()))
        taken = self.writer.names
        titles = (wanted, *(f"{wanted}{c}" for c in "BCDEFGHIJKLMNOPQRSTUVWXYZ"))
        free = next(n for n in titles if not taken.has(n) and not taken.has_numbered(n))
        return taken.new(free, "Block")

    def _own_words(self) -> list[str]:
        """The names that come from the file, but for that of the result."""
        names = self.names[0][:-1]
        return [name for name in names if name in self.writer.from_file] or names

    def _param(self, name: str, local: str) -> Statement:
        shape = ", ".join(map(str, self.writer.parameters[name].shape))
        return Statement((local,), None, text=f"param {local}: float[{shape}] = 0")

    def _name_rows(self, k: int) -> Iterator[tuple[str, ...]]:
        rows = [self.search.parts[start + k] for start in self.starts]
        return zip(*(row.names for row in rows if row is not None), strict=True)

    def _number_rows(self, k: int) -> Iterator[tuple[Any, ...]]:
        rows = [self.search.parts[start + k] for start in self.starts]
        for numbers in zip(*(row.numbers for row in rows if row is not None), strict=True):
            yield tuple(value for _, value in numbers)

    def _local_names(self) -> dict[str, str]:
        """The names inside of the `def` for the values of the first copy."""
        names: dict[str, str] = {}
        start = _common_start(self._own_words())
        for name in self.names[0]:
            words = re.sub(r"^(\d+_)+", "", name[len(start) :])
            names[name] = self.local.new(not_as_a_layer(words) or "y", "y")
        return names

    def replaced(self) -> list[Statement]:
        """The statements with a call in place of each copy."""
        statements = list(self.search.statements)
        taken = {name for names in self.params for name in names}
        keys, made = self._keys(), {}
        for k in reversed(range(len(self.rows))):
            row, start = self.rows[k], self.starts[k]
            operands = tuple(NameRef(names[k]) for names in self.values)
            key = self.writer.own_copy(BlockCopy(keys[k], tuple(names[k] for names in self.params)))
            made[key] = keys[k]
            numbers = {formal: values[k] for values, formal in self.numbers.items()}
            call = WrittenCall(self.name, operands, (), numbers, key)
            statements[start : start + self.length] = [Statement(row[-1].names, call, row[-1].types)]
        share_copies(made, self.writer)
        return [s for s in statements if not (s.names and taken.issuperset(s.names))]


def _owns(expression: Any) -> bool:
    return bool([k for k in parts_of(expression).keys if k is not None])


def _sizes_in(expression: Any) -> set[str]:
    """The names of sizes that an expression says."""
    found: set[str] = set()
    waiting = [expression]
    while waiting:
        part = waiting.pop()
        if isinstance(part, WrittenCall):
            waiting += [*part.operands, *part.sizes, *part.attributes.values()]
        elif isinstance(part, (list, tuple)) and not isinstance(part, NameRef):
            waiting += list(part)
        elif isinstance(part, slice):
            waiting += [part.start, part.stop, part.step]
        elif hasattr(part, "symbols"):
            found |= set(re.findall(r"[A-Za-z_]\w*", str(part)))
    return found


def _common_start(names: list[str]) -> str:
    """The words that all names begin with."""
    words = [name.split("_") for name in names]
    count = 0
    while all(len(w) > count + 1 and w[count] == words[0][count] for w in words):
        count += 1
    return "".join(f"{w}_" for w in words[0][:count])


def _last_words(name: str) -> str:
    return re.sub(r"^(v?\d+_)+", "", "_".join(name.split("_")[-2:]))


def _title(start: str) -> str:
    words = [w for w in start.split("_") if w and not w.isdigit()]
    word = re.sub(r"\d+$", "", words[-1]) if words else ""
    word = word[:1].upper() + word[1:]
    word = word.removesuffix("s") if len(word) > 4 and not word.endswith("ss") else word
    return word if word.isidentifier() and len(word) > 2 else "Block"
