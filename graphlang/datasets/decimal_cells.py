"""Reads decimal numbers out of the bytes of a table, many at once; each is what `float` makes of its text.

The digits of a cell are taken as words of eight bytes that end where the cell ends, and are added up within
the words. With at most 19 digits they are a whole number of 64 bits, exactly; times a power of ten, in
numbers of twice the precision, it is rounded once. Where that rounding is not certain, and for every other
form, the cell is left to its caller.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from graphlang.datasets.dataset import Array
from graphlang.lazy import made_once

WINDOW = 24
"""The longest number in bytes, its sign and its exponent aside."""
_LARGEST = 290
"""Powers of ten beyond this are left to `float`: products on the way would overflow or lose bits."""
_U = np.uint64
_ONES, _HIGH = _U(0x0101010101010101), _U(0x8080808080808080)
_LOW = _U(0x7F7F7F7F7F7F7F7F)
_ALL, _NONE = ~_U(0), _U(0)
_ZEROS, _ABOVE_NINE = _ONES * _U(0x30), _ONES * _U(0x76)


class Decimals(NamedTuple):
    """Cells as numbers: which ones are, their values, and which are whole."""

    #: whether the cell is a number whose value is here
    read: Array
    #: whether it is written as a whole number of at most 18 digits
    whole: Array
    #: the values of whole numbers
    ints: Array
    #: the values of all
    floats: Array


class Words:
    """The bytes of a text as words of eight, at any place."""

    def __init__(self, text: bytes) -> None:
        # Windows may begin before the text, and end in the word after it.
        padding = -len(text) % 8 + 16
        padded = np.frombuffer(b"".join((bytes(WINDOW + 8), text, bytes(padding))), "<u8")
        self._words: Array = padded.astype(np.uint64, copy=False)
        self.bytes: Array = np.frombuffer(text, np.uint8)

    def before(self, ends: Array, count: int) -> list[Array]:
        """The 8, 16 or 24 bytes before each end as words; the last byte is the highest of the last word."""
        starts = ends + (WINDOW + 8 - 8 * count)
        first, shift = starts >> 3, ((starts & 7) << 3).astype(np.uint64)
        back = _U(64) - shift  # NumPy's shift by 64 gives 0
        words = [self._words.take(first + i) for i in range(count + 1)]
        return [(words[i] >> shift) | (words[i + 1] << back) for i in range(count)]


@made_once
def _powers() -> tuple[Array, Array]:
    """Powers of ten from -`_LARGEST` to `_LARGEST`, each as the sum of two floats."""
    exact = [Fraction(10) ** e for e in range(-_LARGEST, _LARGEST + 1)]
    high = np.array([float(power) for power in exact])
    low = np.array([float(power - Fraction(h)) for power, h in zip(exact, high.tolist(), strict=True)])
    return high, low


def read_decimals(
    words: Words, starts: Array, ends: Array, point: str, points: Array | None = None
) -> Decimals:
    """The numbers in cells without blanks around them, with `.` or `,` as their decimal point.

    `points` are the places of these points where they are known, and that of the end where there is none.
    """
    # Masks of bits take the place of `where`, which is ten times as slow for masks without a pattern.
    first = words.bytes.take(starts, mode="clip")
    negative = first == ord("-")
    begins = starts + (negative | (first == ord("+")))
    digits, after, valid = _digits(words, begins, ends, ord(point), points)
    exponents = -after.astype(np.int64)
    rest = np.flatnonzero(~valid)
    if rest.size:
        are, mantissa, exponent = _scientific(words, begins[rest], ends[rest], ord(point))
        there = rest[are]
        digits[there], exponents[there], valid[there] = mantissa[are], exponent[are], True
        after[there] = 1  # no whole number
    last = words.bytes.take(ends - 1, mode="clip")
    whole = valid & (after == 0) & (ends - begins <= 18) & (last != ord(point))
    sign = negative.astype(np.int64)
    ints = (digits.view(np.int64) ^ -sign) + sign
    floats, certain = _scaled(digits, exponents)
    floats.view(np.uint64)[...] |= sign.view(np.uint64) << _U(63)
    floats[digits == 0] = 0.0  # -0 is 0
    return Decimals(valid & (certain | whole), whole, ints, floats)


def _digits(
    words: Words, begins: Array, ends: Array, point: int, points: Array | None = None
) -> tuple[Array, Array, Array]:
    """The digits of each cell as a whole number, how many stand after the point, and whether that is all."""
    lengths = ends - begins
    inside = np.maximum(np.minimum(lengths, WINDOW + 1), 0).astype(np.uint8)
    count = min(3, max(1, -(-int(inside.max(initial=1)) // 8)))
    window = words.before(ends, count)
    if points is None:
        place = _place_of(point, window, inside)
    else:
        place = np.uint8(WINDOW) - np.minimum(ends - points, inside).astype(np.uint8)
    pointed = (place < WINDOW).view(np.uint8)
    after = (np.uint8(WINDOW - 1) - place) * pointed
    kept = after + inside * (pointed ^ np.uint8(1))
    number = inside - pointed
    wrong = carry = total = np.zeros(len(ends), np.uint64)
    for i in range(3 - count, 3):
        word = window[i + count - 3]
        tail = _last_bytes(kept, i)
        digits = _last_bytes(number, i) & ~tail
        part = ((word ^ _ZEROS) & tail) | ((((word << _U(8)) | carry) ^ _ZEROS) & digits)
        carry = word >> _U(56)
        wrong = wrong | part | (part + _ABOVE_NINE)
        value = _sum_of_digits(part)
        total = total * _U(10**8) + value if i > 3 - count else value
        if i == 0:
            wrong = wrong | ((value > _U(999)).astype(np.uint64) << _U(63))
    valid = ((wrong & _HIGH) == 0) & (inside <= WINDOW) & (number > 0) & (inside > 0)
    return total, after, valid


def _place_of(byte: int, window: list[Array], inside: Array) -> Array:
    """The place of a byte in each window, of the first if there are several; `WINDOW` where there is none."""
    place = np.zeros(len(inside), np.uint8)
    for i in reversed(range(3)):
        if i < 3 - len(window):
            place += np.uint8(8)
            continue
        word = window[i + len(window) - 3]
        x = word ^ (_ONES * _U(byte))
        marks = ~(((x & _LOW) + _LOW) | x | _LOW) & _last_bytes(inside, i)
        lowest = np.bitwise_count(marks - _U(1)) >> np.uint8(3)  # 8 where there is no mark
        place = lowest + (lowest >> np.uint8(3)) * place
    return place


def _last_bytes(count: Array, word: int) -> Any:
    """The mask of the bytes of a word that are among the last so many of a window."""
    behind = np.uint8(8 * (2 - word))
    if count.size and count.min() >= behind + np.uint8(8):
        return _ALL
    if count.size and count.max() <= behind:
        return _NONE
    those = np.minimum(np.maximum(count, behind) - behind, np.uint8(8))
    return ~_U(0) << (np.uint8(64) - (those << np.uint8(3))).astype(np.uint64)


def _sum_of_digits(part: Array) -> Array:
    """Eight digits, one in each byte, as a number."""
    part = ((part * _U(2561)) >> _U(8)) & _U(0x00FF00FF00FF00FF)
    part = ((part * _U(6553601)) >> _U(16)) & _U(0x0000FFFF0000FFFF)
    return (part * _U(42949672960001)) >> _U(32)


def _scientific(words: Words, begins: Array, ends: Array, point: int) -> tuple[Array, Array, Array]:
    """Which cells have an exponent of at most three digits, and their digits and powers of ten."""
    marks = np.zeros(len(ends), np.int64)
    for back in (5, 4, 3, 2):
        place = ends - back
        is_mark = (words.bytes.take(place, mode="clip") | 0x20) == ord("e")
        marks += (place - marks) * (is_mark & (place > begins))
    signs = words.bytes.take(marks + 1, mode="clip")
    minus = signs == ord("-")
    from_digit = marks + 1 + (minus | (signs == ord("+")))
    exponent, more, are = _digits(words, from_digit, ends, point)
    digits, after, valid = _digits(words, begins, marks, point)
    are &= valid & (marks > 0) & (ends - from_digit <= 3) & (more == 0)
    are &= words.bytes.take(ends - 1, mode="clip") != point
    power = exponent.astype(np.int64) * (1 - 2 * minus.astype(np.int64)) - after
    return are, digits, power


def _scaled(digits: Array, exponents: Array) -> tuple[Array, Array]:
    """`digits * 10**exponents`, rounded once, and whether that is certain."""
    small = digits <= _U(2**53)
    if bool(small.all()) and bool((exponents <= 0).all()) and bool((exponents >= -22).all()):
        high, _ = _powers()
        return digits.astype(np.float64) / high.take(_LARGEST - exponents), np.ones(len(digits), bool)
    return _doubled(digits, exponents)


def _doubled(digits: Array, exponents: Array) -> tuple[Array, Array]:
    """The same for any digits and exponents, by products of twice the precision."""
    powers = _powers()
    inside = np.abs(exponents) <= _LARGEST
    places = np.where(inside, exponents, 0) + _LARGEST
    ten_high, ten_low = powers[0].take(places), powers[1].take(places)
    high = digits.astype(np.float64)
    # What rounding to a float has left over; 2**64 itself is no uint64.
    top = np.minimum(high, np.float64(2**64 - 2**11))
    low = (digits - top.astype(np.uint64)).astype(np.int64).astype(np.float64)
    high = top
    product = high * ten_high
    rest = _error(high, ten_high, product) + (high * ten_low + low * ten_high)
    slack = np.abs(product) * 2.0**-98
    below, above = product + (rest - slack), product + (rest + slack)
    return product + rest, inside & (below == above)


def _error(a: Array, b: Array, product: Array) -> Array:
    """What rounding has taken from a product of floats, exactly (Dekker)."""
    a_high, a_low = _halves(a)
    b_high, b_low = _halves(b)
    rest: Array = ((a_high * b_high - product) + a_high * b_low) + a_low * b_high + a_low * b_low
    return rest


def _halves(a: Array) -> tuple[Array, Array]:
    scaled = a * 134217729.0
    high = scaled - (scaled - a)
    return high, a - high
