"""Structure decides what corresponds: lines may be shuffled and inner values renamed."""

from __future__ import annotations

import random

import networkx as nx
from hypothesis import given, settings
from hypothesis import strategies as st

import graphlang as gl
from graphlang.compare.differences import Comparison, compare
from graphlang.compare.matching import matched
from graphlang.compare.structure import Slot, Structure

BINARY = ("+", "-", "*", "/")
UNARY = ("exp", "tanh", "relu", "sin")


def compared(a: str, b: str) -> Comparison:
    return compare(gl.loads(a).network, gl.loads(b).network)


def program(rng: random.Random, size: int) -> list[tuple[str, str, tuple[str, ...]]]:
    """Statements `name = operation of operands`; now and then an expression twice, so that there are twins."""
    names, statements = ["a", "b", "c"], []
    for i in range(size):
        name = f"v{i}"
        if statements and rng.random() < 0.15:
            operation, operands = rng.choice(statements)[1:]
        elif rng.random() < 0.6:
            operation, operands = rng.choice(BINARY), (rng.choice(names[-5:]), rng.choice([*names, "2"]))
        else:
            operation, operands = rng.choice(UNARY), (rng.choice(names[-5:]),)
        statements.append((name, operation, operands))
        names.append(name)
    return statements


def text(statements: list[tuple[str, str, tuple[str, ...]]], output: str) -> str:
    lines = ["input a = 1, b = 2, c = 3", f"output {output}"]
    for name, operation, operands in statements:
        value = f" {operation} ".join(operands) if operation in BINARY else f"{operation}({operands[0]})"
        lines.append(f"{name} = {value}")
    return "\n".join(lines)


def disguised(
    rng: random.Random, statements: list[tuple[str, str, tuple[str, ...]]], kept: str
) -> list[tuple[str, str, tuple[str, ...]]]:
    """The statements in another order, and every inner value under another name."""
    numbers = rng.sample(range(len(statements)), len(statements))
    names = {name: f"w{numbers[i]}" for i, (name, *_) in enumerate(statements) if name != kept}
    renamed = [
        (names.get(n, n), op, tuple(names.get(o, o) for o in operands)) for n, op, operands in statements
    ]
    return rng.sample(renamed, len(renamed))


def isomorphic(a: Structure, b: Structure) -> bool:
    """Whether NetworkX finds an isomorphism: operations, places of operands, and the names of inputs and outputs."""

    def graph(structure: Structure) -> nx.MultiDiGraph[int]:
        built: nx.MultiDiGraph[int] = nx.MultiDiGraph()
        for value in structure.values:
            constants = tuple((p, o.value) for p, o in value.operands if not isinstance(o, Slot))
            known = value.name if value.operation == "input" or value.name in structure.spec.outputs else ""
            built.add_node(value.number, is_=(value.operation, constants, known))
        for value in structure.values:
            for place, operand in value.operands:
                if isinstance(operand, Slot):
                    built.add_edge(operand.number, value.number, place=place)
        return built

    return bool(
        nx.is_isomorphic(
            graph(a),
            graph(b),
            node_match=lambda x, y: x["is_"] == y["is_"],
            edge_match=lambda x, y: (
                sorted(e["place"] for e in x.values()) == sorted(e["place"] for e in y.values())
            ),
        )
    )


@settings(max_examples=60)
@given(st.integers(0, 10**6), st.integers(2, 14))
def test_shuffled_lines_and_other_inner_names_are_no_difference(seed: int, size: int) -> None:
    rng = random.Random(seed)
    statements = program(rng, size)
    output = statements[-1][0]
    comparison = compared(text(statements, output), text(disguised(rng, statements, output), output))
    assert comparison.isomorphic
    assert comparison.equal
    assert {d.part for d in comparison.differences} <= {"names"}
    assert comparison.pairs.complete()
    assert comparison.pairs.preserve_operands()


@settings(max_examples=60)
@given(st.integers(0, 10**6), st.integers(2, 14))
def test_a_changed_operation_is_found_and_named(seed: int, size: int) -> None:
    rng = random.Random(seed)
    statements = program(rng, size)
    output = statements[-1][0]
    place = rng.randrange(size)
    name, operation, operands = statements[place]
    other = rng.choice([o for o in (BINARY if operation in BINARY else UNARY) if o != operation])
    changed = [*statements[:place], (name, other, operands), *statements[place + 1 :]]
    a, b = text(statements, output), text(changed, output)
    comparison = compared(a, b)
    structure = [d for d in comparison.differences if d.part == "structure"]
    assert [(d.what, d.name) for d in structure] == [("operation", name)]
    assert not comparison.equal


@settings(max_examples=80)
@given(st.integers(0, 10**6), st.integers(2, 9), st.booleans())
def test_networkx_agrees_on_which_graphs_are_isomorphic(seed: int, size: int, swap: bool) -> None:
    """With names that say nothing, and one statement changed in half of the cases."""
    rng = random.Random(seed)
    statements = program(rng, size)
    output = statements[-1][0]
    other = disguised(rng, statements, output)
    if swap:
        place = rng.randrange(size)
        name, operation, operands = other[place]
        binary = len(operands) == 2
        other[place] = (name, rng.choice(BINARY if binary else UNARY), operands[::-1])
        if binary and operands[::-1][0] == "2":
            other[place] = (name, operation, operands)
    a, b = (Structure(gl.loads(text(s, output)).network) for s in (statements, other))
    assert compare(
        gl.loads(text(statements, output)).network, gl.loads(text(other, output)).network
    ).isomorphic == isomorphic(a, b)


def pairs_of(a: str, b: str) -> dict[str, str]:
    pairs = matched(Structure(gl.loads(a).network), Structure(gl.loads(b).network))
    return {v.name: w.name for v, w in pairs.values}


NET = "input x: float[N, 4]\ny = x -> {}\noutput y"


def test_layers_behind_a_new_one_keep_their_counterparts() -> None:
    pairs = pairs_of(
        NET.format("Affine(5) -> Relu -> Affine(3)"),
        NET.format("Affine(7) -> Affine(5) -> Relu -> Affine(3)"),
    )
    assert (pairs["Affine1"], pairs["Affine1.W"], pairs["Affine2.W"]) == ("Affine2", "Affine2.W", "Affine3.W")


def test_one_more_copy_of_a_block_is_one_copy_added() -> None:
    texts = [NET.format("repeat %d { Affine(5); Relu; Affine(4) }" % n) for n in (4, 5)]  # noqa: UP031
    comparison = compared(*texts)
    assert [d.what for d in comparison.differences if d.part == "structure" and d.what != "operand"] == [
        "added"
    ] * 3


def test_a_copy_with_constants_of_its_own_is_added_as_a_whole() -> None:
    block = "def Block(x: float[N, D]) {\n  s = sqrt(16.0)\n  return x + relu(x / s) }\n"
    texts = [block + NET.format("repeat %d { Block } -> exp" % n) for n in (2, 3)]  # noqa: UP031
    comparison = compared(*texts)
    rows = [(d.what, d.name) for d in comparison.differences if d.part == "structure"]
    assert sorted(name for what, name in rows if what == "added") == sorted(
        name for name in gl.loads(texts[1]).network.names if name.startswith("Block3.")
    )
    assert [row for row in rows if row[0] != "added"] == [("operand", "y: operand 1")]


def test_a_name_that_both_files_give_identifies_a_value() -> None:
    comparison = compared("input a = 1, b = 2\ny = a - b", "input a = 1, b = 2\ny = b - a")
    assert [(d.what, d.name, d.a, d.b) for d in comparison.differences] == [
        ("operand", "y: operand 1", "a", "b"),
        ("operand", "y: operand 2", "b", "a"),
    ]


def test_twins_that_share_operands_in_a_ring_are_matched_consistently() -> None:
    ring = "input x = 1\n{} = exp(x)\n{} = exp(x)\n{} = exp(x)\n{} = {} * {}\n{} = {} * {}\n{} = {} * {}"
    a = ring.format("p", "q", "r", "u", "p", "q", "v", "q", "r", "w", "r", "p")
    b = ring.format("k", "l", "m", "d", "m", "k", "e", "k", "l", "f", "l", "m")
    comparison = compared(a, b)
    assert comparison.isomorphic
    assert comparison.pairs.preserve_operands()


def test_the_body_of_a_scan_is_compared_too() -> None:
    def written(step: str) -> str:
        body = f"  n = {step}(x + h)\n  next h = n\n  yield n"
        return f"input xs: float[N, T, 3]\ny = scan x in xs carry h = zeros(N, 3) {{\n{body}\n}}\noutput y"

    comparison = compared(written("tanh"), written("relu"))
    assert [(d.what, d.a, d.b) for d in comparison.differences if d.part == "structure"] == [
        ("operation", "Tanh of scan1.add1", "Relu of scan1.add1")
    ]
    assert compared(written("tanh"), written("tanh")).equal
