"""Requests for the service: lessons, hostile specs, and bytes that are no request.

Every request says which statuses may answer it; 0 stands for a connection that the service closes.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from hostile_specs import CASES

import graphlang as gl
from graphlang.inputs.stand_ins import fill_with_random

SPECS = Path(__file__).parents[2] / "specs"
TOO_LONG = 2**19


class Request(NamedTuple):
    """A body that is posted, or all bytes of a connection where `raw`."""

    name: str
    body: bytes
    statuses: frozenset[int]
    raw: bool = False


def posted(spec: Any, inputs: Any = None) -> bytes:
    return json.dumps({"spec": spec} if inputs is None else {"spec": spec, "inputs": inputs}).encode()


def good() -> Iterator[Request]:
    """Every lesson with inputs for a batch of three, and formulas."""
    for path in sorted(SPECS.glob("*.graph")):
        network = gl.load(path).network
        arrays = fill_with_random(network, {}, np.random.default_rng(0))
        missing = {n: np.asarray(a).tolist() for n, a in arrays.items() if network.inputs[n].default is None}
        yield Request(path.stem, posted(path.read_text(encoding="utf-8"), missing), frozenset({200}))
    for number in range(20):
        yield Request(f"formula {number}", posted(f"y = x**2 + {number}", {"x": number}), frozenset({200}))


def hostile() -> Iterator[Request]:
    """The hostile specs of `tests/hostile`: refused with diagnostics, ended at a limit, or computed."""
    for case in CASES:
        body = posted(case.text, {"x": 1} if "--set" in case.options else {})
        statuses = frozenset({413}) if len(body) > TOO_LONG else frozenset({200, 422})
        yield Request(case.name, body, statuses)
    for name in ("x.graph", "lesson:apple", "/etc/passwd"):
        yield Request(f"the name {name}", posted(name), frozenset({400, 422}))


def misshapen() -> Iterator[Request]:
    """Bodies and connections that hold no request."""
    bodies = {
        "nothing": b"", "no JSON": b"y = x", "half of JSON": b'{"spec": "y = ', "no UTF-8": b'{"spec": "\xff\xfe"}',
        "a list": b"[1]", "null": b"null", "no text": posted(3), "no inputs": b'{"spec": "y = x", "inputs": [1]}',
        "deep JSON": b"[" * 200_000, "many digits": b'{"spec": "y = x", "inputs": {"x": ' + b"1" * 100_000 + b"}}",
    }  # fmt: skip
    for name, body in bodies.items():
        yield Request(name, body, frozenset({400}))
    values = {
        "a text for a number": "1; import os", "ragged": [[1], [1, 2]], "an object": {"a": 1}, "nan": float("nan"),
        "deep": json.loads("[" * 90 + "]" * 90), "a huge number": 10**400, "null": None,
    }  # fmt: skip
    for name, value in values.items():
        yield Request(f"the value {name}", posted("y = x", {"x": value}), frozenset({200, 422, 400}))
    head = b"POST / HTTP/1.1\r\nHost: localhost\r\n"
    raw = {
        "no length": (head + b"\r\n{}", {411}),
        "chunks": (head + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", {411}),
        "chunks with a length": (head + b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n{}", {411}),
        "a length below zero": (head + b"Content-Length: -1\r\n\r\n{}", {411}),
        "a length in letters": (head + b"Content-Length: two\r\n\r\n{}", {411}),
        "a length beyond all": (head + b"Content-Length: 99999999999999999999\r\n\r\n{}", {413}),
        "a body that is too long": (head + b"Content-Length: 600000\r\n\r\n" + b"x" * 600_000, {413}),
        "another method": (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", {501}),
        "noise": (bytes(range(256)) * 4 + b"\r\n\r\n", {400}),
        "an old version": (b"POST / HTTP/9.9\r\n\r\n", {505}),
        "a long line": (b"POST /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n", {414}),
        "a long header": (head + b"A: " + b"x" * 70_000 + b"\r\n\r\n", {431}),
        "many headers": (head + b"A: b\r\n" * 200 + b"\r\n", {431}),
        "a client that goes away": (head + b"Content-Length: 100\r\n\r\n{", {0}),
        "a client that asks and goes away": (head + b"Content-Length: 16\r\n\r\n" + b'{"spec": "y = 2"', {0, 200, 400}),
        "nothing at all": (b"", {0}),
    }  # fmt: skip
    for name, (content, statuses) in raw.items():
        yield Request(name, content, frozenset(statuses), raw=True)


def mixed(count: int, seed: int) -> list[Request]:
    """Requests in a random order: half of them good, four of ten hostile, one of ten misshapen.

    Every request of each kind is among them where the number allows it.
    """
    rng = random.Random(seed)
    kinds = [list(good()), list(hostile()), list(misshapen())]
    shares = [count - count * 4 // 10 - count // 10, count * 4 // 10, count // 10]
    chosen: list[Request] = []
    for requests, share in zip(kinds, shares, strict=True):
        rng.shuffle(requests)
        chosen += (requests * (share // len(requests) + 1))[:share]
    rng.shuffle(chosen)
    return chosen
