"""The Pydantic models of a whole program: what a file means once every name, shape and setting is settled.

A spec is flat (a node names its operands), so it is of any depth without recursion; it is frozen, it
refuses unknown names, and its JSON brings back the same graph.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator

from graphlang.contracts.fields import Fields
from graphlang.spec.sizes import Attributes, Dimension

DType: TypeAlias = Literal["float", "int", "bool"]
Place: TypeAlias = tuple[int, int, int]
"""Where in the text: the number of the source, and the offsets of the first and past the last character."""
Operand: TypeAlias = str | bool | int | float
"""The name of a value, or a constant."""


class Model(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, ser_json_inf_nan="constants"
    )


class SourceText(Model):
    """A file that the program was read from."""

    name: str
    text: str


class Use(Model):
    """An initialiser, optimizer, schedule or data source by name, with the attributes it was given."""

    name: str
    attributes: dict[str, Any] = {}


class InputSpec(Model):
    """A value that comes from outside."""

    name: str
    dtype: DType = "float"
    shape: tuple[Dimension, ...] | None = Field(
        None, description="None: a scalar by default, and at run time an array of any shape"
    )
    default: Any = Field(None, description="a number or nested lists of numbers")
    below: Dimension | None = Field(None, description="for indices: one more than the largest allowed")
    ignored: int | None = Field(None, description="an index that is let through beside those below")
    at: Place | None = None


class OutputSpec(Model):
    """A value that the file gives out: its type, as the file's inputs have theirs."""

    name: str
    dtype: DType
    shape: tuple[Dimension, ...] | None


class ParamSpec(Model):
    """A trainable parameter, or state that is saved with the parameters but not trained."""

    name: str
    shape: tuple[int, ...]
    dtype: DType = "float"
    init: Use
    trainable: bool = True
    at: Place | None = None


class BodySpec(Model):
    """What a `scan` does at every step: a graph of its own."""

    inputs: tuple[InputSpec, ...] = Field(
        description="the slice of the sequence, the carried values, then what the body takes from outside"
    )
    nodes: tuple[NodeSpec, ...]
    following: tuple[str, ...] = Field(description="the next value of every carried one, in order")
    yields: tuple[str, ...]


class NodeSpec(Model):
    """One operation: its operands in order, its own parameters by role, its result."""

    name: str
    operation: str
    operands: tuple[Operand, ...] = ()
    parameters: dict[str, str] = Field({}, description="role in the operation -> name of the parameter")
    attributes: Attributes = {}
    body: BodySpec | None = Field(None, description="of a `scan`")
    dtype: DType = "float"
    shape: tuple[Dimension, ...] = ()
    named: bool = Field(True, description="whether the file itself gives the value its name")
    group: str = Field("", description="the instance of a `def` it belongs to")
    at: Place | None = None


class GroupSpec(Model):
    """One use of a `def`: drawn as one node that can be opened."""

    definition: str
    at: Place | None = None


class ExpectSpec(Model):
    """`expect left ~= right within tolerance`"""

    left: Operand
    right: Operand
    within: float | None = None
    text: str = ""
    at: Place | None = None


class DataSpec(Model):
    """The `data` section: a source, and which field each input takes."""

    source: Use
    fields: dict[str, str]


class TrainSpec(Fields, Model):
    """The `train` section."""

    minimize: str
    optimizer: Use
    schedule: Use = Use(name="constant")
    batch: int = Field(gt=0)
    iterations: int | None = Field(None, gt=0)
    epochs: int | None = Field(None, gt=0)
    metrics: dict[str, str] = Field({}, description="what is printed -> the value's name")
    seed: int = Field(0, ge=0)
    dtype: Literal["float32", "float64"] = "float32"
    shuffle: bool = True
    clip_norm: float | None = Field(
        None,
        gt=0,
        description="the largest norm of all gradients together: each is multiplied by "
        "clip_norm / (norm + 1e-6) where that is below 1, as in PyTorch",
    )
    checkpoint_every: int | None = Field(None, gt=0, description="epochs between checkpoints")

    @model_validator(mode="after")
    def _one_length(self) -> TrainSpec:
        if (self.iterations is None) == (self.epochs is None):
            wrong = "neither is given" if self.iterations is None else "both are given"
            raise ValueError(f"`train` needs either `iterations` or `epochs`, but {wrong}")
        return self


class GradcheckSpec(Fields, Model):
    """The `gradcheck` section."""

    of: str
    batch: int = Field(3, gt=0)
    tol: float = Field(1e-6, gt=0)
    samples: int = Field(64, gt=0, description="numbers checked per parameter; all where it has fewer")
    seed: int = Field(0, ge=0)


class Spec(Model):
    """A whole program."""

    language: Literal[1] = 1
    doc: str = ""
    sources: tuple[SourceText, ...] = ()
    hypers: dict[str, Any] = {}
    inputs: tuple[InputSpec, ...] = ()
    params: tuple[ParamSpec, ...] = ()
    nodes: Annotated[tuple[NodeSpec, ...], Field(description="in an order in which they can run")] = ()
    groups: dict[str, GroupSpec] = {}
    outputs: tuple[str, ...] = ()
    expects: tuple[ExpectSpec, ...] = ()
    data: DataSpec | None = None
    train: TrainSpec | None = None
    gradcheck: GradcheckSpec | None = None
