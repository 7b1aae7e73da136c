"""The pictures that the drawing tests share, with values and gradients worked out by hand or in the book."""

from __future__ import annotations

import math
import random
from itertools import pairwise

from graphlang.draw.picture import NodeKind, Picture, PictureEdge, PictureNode, Shown


def node(
    id: str,
    kind: NodeKind,
    value: Shown = None,
    gradient: Shown = None,
    *,
    label: str = "",
    name: str = "",
    group: str = "",
) -> PictureNode:
    return PictureNode(id, label or id, kind, value, gradient, group, name)


def edges(*triples: tuple[str, str, int, Shown, Shown]) -> tuple[PictureEdge, ...]:
    return tuple(PictureEdge(*triple) for triple in triples)


# Section 5.2, figure 5-14.
APPLE = Picture(
    "Buying two apples",
    (
        node("apple", "input", 100.0, 2.2),
        node("apple_num", "input", 2.0, 110.0),
        node("tax", "input", 1.1, 200.0),
        node("m1", "operation", 200.0, 1.1, label="×"),
        node("m2", "operation", 220.00000000000003, 1.0, label="×"),
        node("price", "output", 220.00000000000003, 1.0),
    ),
    edges(
        ("apple", "m1", 0, 100.0, 2.2),
        ("apple_num", "m1", 1, 2.0, 110.0),
        ("m1", "m2", 0, 200.0, 1.1),
        ("tax", "m2", 1, 1.1, 200.0),
        ("m2", "price", 0, 220.00000000000003, 1.0),
    ),
    of="price",
)


def fruit(
    apple: str = "apple",
    apple_num: str = "apple_num",
    orange: str = "orange",
    orange_num: str = "orange_num",
    tax: str = "tax",
    price: str = "price",
    names: tuple[str, str, str] = ("", "", ""),
) -> Picture:
    return Picture(
        "Buying fruit",
        (
            node(apple, "input", 100.0, 2.2),
            node(apple_num, "input", 2.0, 110.00000000000001),
            node(orange, "input", 150.0, 3.3000000000000003),
            node(orange_num, "input", 3.0, 165.0),
            node(tax, "input", 1.1, 650.0),
            node("m1", "operation", 200.0, 1.1, label="×", name=names[0]),
            node("m2", "operation", 450.0, 1.1, label="×", name=names[1]),
            node("a", "operation", 650.0, 1.1, label="+", name=names[2]),
            node("m3", "operation", 715.0000000000001, 1.0, label="×"),
            node("out", "output", 715.0000000000001, 1.0, label=price),
        ),
        edges(
            (apple, "m1", 0, 100.0, 2.2),
            (apple_num, "m1", 1, 2.0, 110.00000000000001),
            (orange, "m2", 0, 150.0, 3.3000000000000003),
            (orange_num, "m2", 1, 3.0, 165.0),
            ("m1", "a", 0, 200.0, 1.1),
            ("m2", "a", 1, 450.0, 1.1),
            ("a", "m3", 0, 650.0, 1.1),
            (tax, "m3", 1, 1.1, 650.0),
            ("m3", "out", 0, 715.0000000000001, 1.0),
        ),
        of=price,
    )


# Section 5.4, figure 5-17.
APPLE_ORANGE = fruit()
NAMED = fruit(names=("apple_cost", "orange_cost", "subtotal"))
KOREAN = fruit("사과", "사과_개수", "귤", "귤_개수", "소비세", "총액", ("사과_값", "귤_값", "합계"))

SQUARE = Picture(
    "A value used twice",
    (
        node("x", "input", 3.0, 6.0),
        node("m", "operation", 9.0, 1.0, label="×"),
        node("y", "output", 9.0, 1.0),
    ),
    edges(("x", "m", 0, 3.0, 3.0), ("x", "m", 1, 3.0, 3.0), ("m", "y", 0, 9.0, 1.0)),
    of="y",
)


def sigmoid(x: float) -> Picture:
    """Figure 5-20: y = 1 / (1 + exp(-x)), dy/dx = y (1 - y)."""
    e = math.exp(-x)
    y = 1 / (1 + e)
    return Picture(
        "The sigmoid from nodes",
        (
            node("x", "input", x, y * (1 - y)),
            node("neg", "operation", -x, -y * (1 - y), label="−", group="sigma"),
            node("e", "operation", e, -y * y, label="exp", name="e", group="sigma"),
            node("one", "constant", 1.0, None, label="1", group="sigma"),
            node("add", "operation", 1 + e, -y * y, label="+", group="sigma"),
            node("div", "operation", y, 1.0, label="1/x", group="sigma"),
            node("y", "output", y, 1.0),
        ),
        edges(
            ("x", "neg", 0, x, y * (1 - y)),
            ("neg", "e", 0, -x, -y * (1 - y)),
            ("one", "add", 0, 1.0, None),
            ("e", "add", 1, e, -y * y),
            ("add", "div", 0, 1 + e, -y * y),
            ("div", "y", 0, y, 1.0),
        ),
        of="y",
    )


SIGMOID = sigmoid(1.0)

# x = 2: a = x + 1, b = x * 3, c = x * x; s = a + b, y = s - c. dy/dx = 1 + 3 - 4 = 0.
FAN_OUT = Picture(
    "A value used four times",
    (
        node("x", "input", 2.0, 0.0),
        node("1", "constant", 1.0),
        node("3", "constant", 3.0),
        node("a", "operation", 3.0, 1.0, label="+", name="a"),
        node("b", "operation", 6.0, 1.0, label="×", name="b"),
        node("c", "operation", 4.0, -1.0, label="×", name="c"),
        node("s", "operation", 9.0, 1.0, label="+"),
        node("d", "operation", 5.0, 1.0, label="−"),
        node("y", "output", 5.0, 1.0),
    ),
    edges(
        ("x", "a", 0, 2.0, 1.0),
        ("1", "a", 1, 1.0, None),
        ("x", "b", 0, 2.0, 3.0),
        ("3", "b", 1, 3.0, None),
        ("x", "c", 0, 2.0, -2.0),
        ("x", "c", 1, 2.0, -2.0),
        ("a", "s", 0, 3.0, 1.0),
        ("b", "s", 1, 6.0, 1.0),
        ("s", "d", 0, 9.0, 1.0),
        ("c", "d", 1, 4.0, -1.0),
        ("d", "y", 0, 5.0, 1.0),
    ),
    of="y",
)

# y = exp(x) - sin(x) at 0: 1 - 0, gradient 1 - 1 = 0.
DIAMOND = Picture(
    "Two paths that meet",
    (
        node("x", "input", 0.0, 0.0),
        node("exp", "operation", 1.0, 1.0),
        node("sin", "operation", 0.0, -1.0),
        node("sub", "operation", 1.0, 1.0, label="−"),
        node("y", "output", 1.0, 1.0),
    ),
    edges(
        ("x", "exp", 0, 0.0, 1.0),
        ("x", "sin", 0, 0.0, -1.0),
        ("exp", "sub", 0, 1.0, 1.0),
        ("sin", "sub", 1, 0.0, -1.0),
        ("sub", "y", 0, 1.0, 1.0),
    ),
    of="y",
)


def chain(length: int) -> Picture:
    """x doubled again and again."""
    names = ["x", *(f"d{i}" for i in range(1, length + 1)), "y"]
    return Picture(
        "A chain",
        (
            node("x", "input", 1.0, 2.0**length),
            *(
                node(f"d{i}", "operation", 2.0**i, 2.0 ** (length - i), label="2x")
                for i in range(1, length + 1)
            ),
            node("y", "output", 2.0**length, 1.0),
        ),
        tuple(PictureEdge(*ends, 0, 2.0**i, 2.0 ** (length - i)) for i, ends in enumerate(pairwise(names))),
        of="y",
    )


CHAIN = chain(12)

# z = b - a * b: dz/da = -b, dz/db = 1 - a.
SMALL = Picture(
    "Negative and small numbers",
    (
        node("a", "input", -1e-7, 2.5),
        node("b", "input", -2.5, 1.0000001),
        node("m", "operation", 2.5e-7, -1.0, label="×", name="product"),
        node("s", "operation", -2.50000025, 1.0, label="−"),
        node("z", "output", -2.50000025, 1.0),
    ),
    edges(
        ("a", "m", 0, -1e-7, 2.5),
        ("b", "m", 1, -2.5, 1e-7),
        ("b", "s", 0, -2.5, 1.0),
        ("m", "s", 1, 2.5e-7, -1.0),
        ("s", "z", 0, -2.50000025, 1.0),
    ),
    of="z",
)

# The output is used further on, a parameter stands near its use, one input is not used at all.
NETWORK = Picture(
    "A small network",
    (
        node("x", "input", "[3, 2]", "[3, 2]"),
        node("t", "input", "[3]", None),
        node("unused", "input", 7.0, 0.0),
        node("W1", "param", "[2, 4]", "[2, 4]"),
        node("b1", "param", "[4]", "[4]"),
        node("mm", "operation", "[3, 4]", "[3, 4]", label="@"),
        node("add", "operation", "[3, 4]", "[3, 4]", label="+"),
        node("relu", "operation", "[3, 4]", "[3, 4]", label="relu", name="y"),
        node("loss", "operation", 0.5, 1.0, label="SoftmaxWithLoss", name="loss"),
        node("y", "output", None, None),
    ),
    edges(
        ("x", "mm", 0, "[3, 2]", "[3, 2]"),
        ("W1", "mm", 1, "[2, 4]", "[2, 4]"),
        ("mm", "add", 0, "[3, 4]", "[3, 4]"),
        ("b1", "add", 1, "[4]", "[4]"),
        ("add", "relu", 0, "[3, 4]", "[3, 4]"),
        ("relu", "y", 0, "[3, 4]", None),
        ("relu", "loss", 0, "[3, 4]", "[3, 4]"),
        ("t", "loss", 1, "[3]", None),
    ),
    of="loss",
)

# a = sqrt(x w) and b = x w - 2 in two groups; p = a - b and q = b - a want opposite orders: one is marked.
GROUPS = Picture(
    "Groups, and operands out of order",
    (
        node("x", "input", 1.0, 2.0),
        node("w", "input", 1.0, 2.0),
        node("a1", "operation", 1.0, -2.0, label="×", group="first"),
        node("a2", "operation", 1.0, -4.0, label="sqrt", group="first"),
        node("b1", "operation", 1.0, 4.0, label="×", group="second"),
        node("b2", "operation", -1.0, 4.0, label="−", group="second"),
        node("two", "constant", 2.0, label="2", group="second"),
        node("p", "operation", 2.0, -2.0, label="−"),
        node("q", "operation", -2.0, 2.0, label="−"),
        node("only", "operation", -4.0, 1.0, label="×", group="a longer name"),
        node("z", "output", -4.0, 1.0),
    ),
    edges(
        ("x", "a1", 0, 1.0, -2.0),
        ("w", "a1", 1, 1.0, -2.0),
        ("a1", "a2", 0, 1.0, -2.0),
        ("x", "b1", 0, 1.0, 4.0),
        ("w", "b1", 1, 1.0, 4.0),
        ("b1", "b2", 0, 1.0, 4.0),
        ("two", "b2", 1, 2.0, None),
        ("a2", "p", 0, 1.0, -2.0),
        ("b2", "p", 1, -1.0, 2.0),
        ("b2", "q", 0, -1.0, 2.0),
        ("a2", "q", 1, 1.0, -2.0),
        ("p", "only", 0, 2.0, -2.0),
        ("q", "only", 1, -2.0, 2.0),
        ("only", "z", 0, -4.0, 1.0),
    ),
    of="z",
)


def random_picture(seed: int, most: int = 22) -> Picture:
    """Any graph at all; its numbers mean nothing."""
    r = random.Random(seed)
    count = r.randint(2, most)
    sources = r.randint(1, max(1, count // 2))
    nodes: list[PictureNode] = []
    lines: list[PictureEdge] = []
    for i in range(count):
        if i < sources:
            kind: NodeKind = r.choice(("input", "input", "constant", "param"))
            nodes.append(node(f"i{i}", kind, r.choice((None, 1.5, -1e-7)), r.choice((None, 2.5))))
            continue
        for operand in range(r.choice((1, 2, 2, 2, 3))):
            values = r.choice((None, 3.25)), r.choice((None, 1.0))
            lines.append(PictureEdge(r.choice(nodes).id, f"o{i}", operand, *values))
        sign = r.choice(("×", "+", "−", "exp", "사과"))
        name = r.choice(("", "", "t", f"name_of_{i}"))
        nodes.append(
            node(f"o{i}", "operation", r.choice((None, 12.5)), r.choice((None, -3.0)), label=sign, name=name)
        )
    return Picture("random", tuple(nodes), tuple(lines))


def large_picture(count: int) -> Picture:
    """A deep graph of mostly near neighbours, as a long program has."""
    r = random.Random(0)
    lines = []
    for i in range(1, count):
        operands = {max(0, i - 1 - int(r.random() ** 3 * 12)) for _ in range(1 + (r.random() < 0.3))}
        lines += [PictureEdge(f"n{j}", f"n{i}", k, 1.0, 1.0) for k, j in enumerate(sorted(operands))]
    nodes = (node(f"n{i}", "operation" if i else "input", 1.0, 1.0, label="+") for i in range(count))
    return Picture("large", tuple(nodes), tuple(lines))


PICTURES = {
    "apple": APPLE,
    "apple_orange": APPLE_ORANGE,
    "named": NAMED,
    "korean": KOREAN,
    "square": SQUARE,
    "sigmoid": SIGMOID,
    "fan_out": FAN_OUT,
    "diamond": DIAMOND,
    "chain": CHAIN,
    "small": SMALL,
    "network": NETWORK,
    "groups": GROUPS,
}
