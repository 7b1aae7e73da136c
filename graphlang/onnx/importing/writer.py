"""The spec while it is written: each call is traced for its shape and type, and entered as a statement."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from graphlang.catalog.finder import Catalog
from graphlang.catalog.operation import as_numbers, outcome
from graphlang.onnx.importing.constants import literal_of, triangle_of
from graphlang.onnx.importing.element_types import NUMPY, WORDS, word_of
from graphlang.onnx.importing.expression import Expression, Keyword, Literal, NameRef, WrittenCall
from graphlang.onnx.importing.names import Identifiers
from graphlang.onnx.importing.refusals import NotImported
from graphlang.onnx.importing.value import OnnxValue
from graphlang.resolve.broadcasting import GUARDED
from graphlang.trace import DtypeError
from graphlang.trace.core import Trace
from graphlang.trace.dims import shape_text
from graphlang.trace.primitives.random_numbers import NumberStream, StreamSeeds


class Statement(NamedTuple):
    """A line of the spec: `names = expression`, or a `param` with its array, or text as it is."""

    names: tuple[str, ...]
    expression: Expression | None
    #: the shapes and types of its results
    types: tuple[str, ...] = ()
    #: a whole statement in words
    text: str | None = None
    #: the names that such words refer to
    uses: tuple[str, ...] = ()
    #: of an input, its shape
    sizes: tuple[Any, ...] = ()


class BlockCopy(NamedTuple):
    """What fills in a block at one of its places."""

    #: the keys of its layers, in the order of the block
    keys: tuple[int, ...]
    #: the names of the `param`s of the file that are those of the block
    params: tuple[str, ...]


class Writer:
    """Statements and weights in order, and the trace that knows their shapes."""

    def __init__(self) -> None:
        self.catalog = Catalog()
        self.trace = Trace()
        self.names = Identifiers(frozenset(self.catalog.names()))
        self.statements: list[Statement] = []
        #: the `param` statements, which stand in front
        self.declared: list[Statement] = []
        #: the weights of the layers, each at the `key` of its call
        self.weights: list[dict[str, np.ndarray[Any, Any]]] = []
        #: the weights of the file that each of them is made of
        self.sources: list[tuple[str, ...]] = []
        #: the weights of the file that the node takes that is written now
        self.reading: tuple[str, ...] = ()
        #: of layers and blocks that have all of their weights in common, the `key` of the first
        self.shared: dict[int, int] = {}
        #: the names that no person has chosen, and those that come from the file
        self.plain: set[str] = set()
        self.from_file: set[str] = set()
        #: how many nodes have been written
        self.written = 0
        #: what the results of the node are to be called that is written now
        self.wanted: list[str] = []
        #: the copies of blocks, at the `key` of their calls
        self.copies: dict[int, BlockCopy] = {}
        #: the values of each `param`, and the weights of the file that they are
        self.parameters: dict[str, np.ndarray[Any, Any]] = {}
        self.sources_of_params: dict[str, tuple[str, ...]] = {}

    def input(self, name: str, elem: int, shape: tuple[Any, ...]) -> OnnxValue:
        """An input of the graph."""
        word = WORDS[elem]
        array = self.trace.input(shape, NUMPY[word])
        sizes = f"[{', '.join(map(str, shape))}]" if shape else ""
        self.statements.append(Statement((name,), None, text=f"input {name}: {word}{sizes}", sizes=shape))
        return OnnxValue(NameRef(name), array, elem)

    # ---- calls -------------------------------------------------------------------------------------------

    def call(self, name: str, *operands: Any, sizes: tuple[Any, ...] = (), **attributes: Any) -> OnnxValue:
        """What a function gives."""
        if len(operands) == 2 and isinstance(operands[0], OnnxValue) and _changes_nothing(name, *operands):
            return operands[0]
        if name == "add" and len(operands) == 2 and type(operands[1]) in (int, float) and operands[1] < 0:
            name, operands = "subtract", (operands[0], -operands[1])
        result, expression = self._called(name, operands, sizes, attributes)
        return OnnxValue(expression, self._array(result), None)

    def calls(self, name: str, *operands: Any, **attributes: Any) -> tuple[OnnxValue, ...]:
        """What a function with several results gives, each under a name."""
        results, expression = self._called(name, operands, (), attributes)
        return self._entered(results, expression, [name] * len(results))

    def _entered(self, results: Any, expression: WrittenCall, wanted: list[str]) -> tuple[OnnxValue, ...]:
        arrays = [self._array(result) for result in results]
        wanted = self.wanted if len(self.wanted) == len(wanted) else wanted
        names = tuple(self.names.new(name) for name in wanted)
        self.from_file.update(names if wanted is self.wanted else ())
        self.statements.append(Statement(names, expression, tuple(map(shape_comment, arrays))))
        return tuple(OnnxValue(NameRef(n), a, None) for n, a in zip(names, arrays, strict=True))

    def _called(
        self, name: str, operands: tuple[Any, ...], sizes: tuple[Any, ...], attributes: dict[str, Any]
    ) -> tuple[Any, WrittenCall]:
        entry = self.catalog.find(name)
        assert entry is not None, name
        values = [self.operand(operand) for operand in operands]
        if name in GUARDED:
            values = self._unambiguous(values)
        arrays = [value.array for value in values]
        words = {key: _plain(value) for key, value in attributes.items()}
        if name == "indexed":
            words["items"] = tuple(_index_item(item) for item in attributes["items"])
        try:
            operation = entry.make(words, sizes)
            with self.trace:
                result = outcome(operation, _forward(operation, arrays, _supplied(entry)))[0]
        except Exception as error:
            raise NotImported(f"`{name}` does not take it: {_first_line(error)}") from error
        return result, WrittenCall(name, tuple(value.expression for value in values), sizes, attributes)

    def _unambiguous(self, values: list[OnnxValue]) -> list[OnnxValue]:
        """Operands of which not two are stretched along different axes: one is repeated before."""
        shapes = [value.array.shape for value in values]
        whole = broadcast_shape(shapes)
        if whole is None or whole in shapes or sum(bool(shape) for shape in shapes) < 2:
            return values
        first = next(k for k, shape in enumerate(shapes) if shape)
        wide = self.let(self.call("broadcast_to", values[first], sizes=whole), "wide")
        return [wide if k == first else value for k, value in enumerate(values)]

    def _array(self, result: Any) -> Any:
        if hasattr(result, "shape") and hasattr(result, "trace"):
            return result
        made = np.asarray(result)
        return self.trace.input(made.shape, NUMPY[word_of(made)])

    # ---- operands ----------------------------------------------------------------------------------------

    def operand(self, operand: Any) -> OnnxValue:
        """A value with an expression: a constant of the file becomes a number, a list or a `param`."""
        if not isinstance(operand, OnnxValue):
            return self._literal(operand)
        if operand.expression is None:
            self._materialise(operand)
        return operand

    def is_zero(self, value: OnnxValue) -> bool:
        """Whether all of its numbers are 0 for certain, whatever its shape."""
        if value.known is not None:
            return value.known.dtype != object and not value.known.any()
        definitions = {s.names[0]: s.expression for s in self.statements if len(s.names) == 1}
        expression = value.expression
        while True:
            if isinstance(expression, NameRef):
                expression = definitions.get(expression.name)
            elif isinstance(expression, WrittenCall) and expression.name in _REARRANGED:
                expression = expression.operands[0]
            else:
                break
        if not isinstance(expression, WrittenCall):
            return False
        return expression.name == "zeros" or (
            expression.name == "full" and expression.attributes.get("value") == 0
        )

    def _literal(self, number: Any) -> OnnxValue:
        array = np.asarray(number)
        if array.dtype == object:
            array = np.zeros(array.shape, np.int64)  # sizes are whole numbers
        return OnnxValue(Literal(number), self.trace.input(array.shape, NUMPY[word_of(array)]), None)

    def _materialise(self, value: OnnxValue) -> None:
        assert value.known is not None
        as_weight = value.is_trainable and triangle_of(value.known, value.word) is None
        made = None if as_weight else literal_of(value.known, value.word)
        value.array = self.trace.input(value.known.shape, NUMPY[value.word])
        if made is not None and (value.known.ndim == 0 or isinstance(made, Literal)):
            value.expression = made
        elif made is not None:
            value.expression = self._statement(made, value.array, value.name or "constant")
        else:
            value.expression = self._parameter(value)

    def _parameter(self, value: OnnxValue) -> NameRef:
        assert value.known is not None
        name = self.names.new(value.name or "weight", "weight")
        shape = f"[{', '.join(map(str, value.known.shape))}]" if value.known.ndim else ""
        self.declared.append(Statement((name,), None, text=f"param {name}: float{shape} = 0"))
        self.parameters[name] = value.known
        self.sources_of_params[name] = value.sources
        return NameRef(name)

    # ---- statements --------------------------------------------------------------------------------------

    def let(self, value: OnnxValue, wanted: str, *, plain: bool = True, given: bool = False) -> OnnxValue:
        """The value under a name, which may be used more than once.

        `plain` if nobody has made up the name with care, `given` if it is one of the file or made of one.
        """
        value = self.operand(value)
        if isinstance(value.expression, NameRef):
            return value
        assert value.expression is not None
        ref = self._statement(value.expression, value.array, wanted)
        if plain:
            self.plain.add(ref.name)
        if given:
            self.from_file.add(ref.name)
        named = OnnxValue(ref, value.array, value.elem, value.known)
        named.is_constant = value.is_constant
        return named

    def _statement(self, expression: Expression, array: Any, wanted: str) -> NameRef:
        name = self.names.new(wanted)
        self.statements.append(Statement((name,), expression, (shape_comment(array),)))
        return NameRef(name)

    # ---- layers ------------------------------------------------------------------------------------------

    def layer(
        self, name: str, *operands: Any, weights: dict[str, np.ndarray[Any, Any]], several: bool = False,
        **attributes: Any,
    ) -> Any:  # fmt: skip
        """What a layer with these weights gives; `several` for one with several results."""
        entry = self.catalog.find(name)
        assert entry is not None, name
        values = [self.operand(operand) for operand in operands]
        words = {key: _plain(value) for key, value in attributes.items()}
        try:
            operation: Any = entry.make(words)
            arrays = [value.array for value in values]
            weights_of_layer = operation.parameters(*arrays) | operation.state(*arrays)
            self._check(name, weights_of_layer, weights)
            with self.trace:
                own = {role: self.trace.input(p.shape) for role, p in weights_of_layer.items()}
                more = {"training": False} if "training" in entry.supplied else {}
                result = outcome(operation, operation.forward(*arrays, **own, **more))[0]
        except NotImported:
            raise
        except Exception as error:
            raise NotImported(f"`{name}` does not take it: {_first_line(error)}") from error
        expression = WrittenCall(name, tuple(v.expression for v in values), (), attributes, self.own(weights))
        if several:
            return self._entered(result, expression, [name.lower()] * len(result))
        return OnnxValue(expression, self._array(result), None)

    def own(self, weights: dict[str, np.ndarray[Any, Any]], sources: tuple[str, ...] | None = None) -> int:
        """The key of a layer with these weights, made of what the node takes or of others of the file."""
        self.weights.append(weights)
        self.sources.append(self.reading if sources is None else sources)
        return len(self.weights) - 1

    def own_copy(self, copy: BlockCopy) -> int:
        """The key of a block whose layers have these weights."""
        key = self.own({}, ())
        self.copies[key] = copy
        return key

    def _check(self, name: str, weights_of_layer: Any, weights: dict[str, np.ndarray[Any, Any]]) -> None:
        for role, parameter in weights_of_layer.items():
            if role not in weights or tuple(parameter.shape) != weights[role].shape:
                got = shape_text(weights[role].shape) if role in weights else "none"
                raise NotImported(f"`{name}.{role}` would be {shape_text(parameter.shape)}, and is {got}")


def shape_comment(array: Any) -> str:
    """The type of an array as a spec writes it."""
    return f"{word_of(array)}[{', '.join(map(str, array.shape))}]" if array.shape else word_of(array)


def _supplied(entry: Any) -> dict[str, Any]:
    """What the engine hands to an operation beside its operands."""
    if "stream" not in entry.supplied:
        return {}
    return {"stream": NumberStream(StreamSeeds(0), entry.name, np.float64)}


def _forward(operation: Any, arrays: list[Any], more: dict[str, Any]) -> Any:
    """What `forward` returns; if it does not accept truth values, for 1 and 0 in their place."""
    try:
        return operation.forward(*arrays, **more)
    except DtypeError:
        numbers = as_numbers(arrays, np.float64)
        if numbers is None:
            raise
        return operation.forward(*numbers, **more)


def _plain(value: Any) -> Any:
    """An attribute as the model of the operation takes it."""
    if isinstance(value, Keyword):
        return value.text
    return tuple(value) if isinstance(value, (list, tuple)) else value


def _changes_nothing(name: str, value: OnnxValue, number: Any) -> bool:
    """Whether it is `x * 1`, `x + 0` or `x - 0`, with a whole number of Python."""
    return value.word != "bool" and type(number) is int and _NEUTRAL.get(name) == number


_REARRANGED = frozenset(
    {"subscript", "transpose", "reshape", "expand_dims", "squeeze", "broadcast_to", "cast"}
)
"""Functions whose results are zeros where what they take is."""
_NEUTRAL = {"multiply": 1, "add": 0, "subtract": 0}


def _index_item(item: Any) -> Any:
    """An item of `x[...]` as the operation takes it."""
    if isinstance(item, slice):
        return (item.start, item.stop, item.step)
    return "..." if item is Ellipsis else item


def broadcast_shape(shapes: list[tuple[Any, ...]]) -> tuple[Any, ...] | None:
    """The shape of arrays that are broadcast together; None where they do not fit."""
    rank = max(map(len, shapes))
    whole: list[Any] = []
    for axis in range(1, rank + 1):
        sizes = {shape[-axis] for shape in shapes if len(shape) >= axis and shape[-axis] != 1}
        if len(sizes) > 1:
            return None
        whole.insert(0, sizes.pop() if sizes else 1)
    return tuple(whole)


def _first_line(error: Exception) -> str:
    errors = getattr(error, "errors", None)
    if callable(errors) and errors():
        return str(errors()[0]["msg"])
    return (str(error).splitlines() or [type(error).__name__])[0]
