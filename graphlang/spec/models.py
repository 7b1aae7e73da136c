"""The Pydantic models of a whole program, in which every name, shape and setting of the file is resolved.

A spec is flat: a node names its operands, so nothing recurses however deep the graph is. It is frozen, it
refuses unknown fields, and its JSON brings back the same graph.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from graphlang.contracts.fields import Fields
from graphlang.datasets.expression_data import is_expression
from graphlang.spec.parameter_groups import ParameterGroup
from graphlang.spec.sharding import mesh_of, patterns_of
from graphlang.spec.sizes import Attributes, Dimension

DType: TypeAlias = Literal["float", "int", "bool"]
Precision: TypeAlias = Literal["float32", "tf32", "bfloat16"]
Remat: TypeAlias = Literal[True, False, "block"]
RegionKind: TypeAlias = Literal["def", "file", "layers", "repeat"]
"""`file`: a `def` of an imported file; `layers`: a labelled group; `repeat`: a copy in a loop."""
Position: TypeAlias = tuple[int, int, int]
"""Where in the text: the number of the source, and the offsets of the first and past the last character."""
Operand: TypeAlias = str | bool | int | float | None
"""The name of a value, or a constant; None for a tensor that is left out."""


class SpecModel(BaseModel):
    """What every model of a spec has in common."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, ser_json_inf_nan="constants"
    )


class SourceText(SpecModel):
    """A file that the program was read from."""

    name: str
    text: str


class Use(SpecModel):
    """An initializer, optimizer, schedule or data source: its name and its attributes in the file."""

    name: str
    attributes: dict[str, Any] = {}


class InputSpec(SpecModel):
    """A value that comes from outside."""

    name: str
    dtype: DType = "float"
    shape: tuple[Dimension, ...] | None = Field(
        None, description="None: a scalar by default, and at run time an array of any shape"
    )
    default: Any = Field(None, description="a number or nested lists of numbers")
    below: Dimension | None = Field(None, description="for indices: one more than the largest allowed")
    ignored: int | None = Field(None, description="an index that is let through beside those below")
    at: Position | None = None


class OutputSpec(SpecModel):
    """The type of an output."""

    name: str
    dtype: DType
    shape: tuple[Dimension, ...] | None


class ParamSpec(SpecModel):
    """A trainable parameter, or a state that is saved with the parameters and not trained."""

    name: str
    shape: tuple[Annotated[int, Field(ge=0)], ...]
    dtype: DType = "float"
    init: Use
    trainable: bool = True
    at: Position | None = None


class BodySpec(SpecModel):
    """What a `scan` does at every step: a graph of its own."""

    inputs: tuple[InputSpec, ...] = Field(
        description="the slice of the sequence, the carried values, then values from outside of the body"
    )
    nodes: tuple[NodeSpec, ...]
    following: tuple[str, ...] = Field(description="for every carried value, in order, its next value")
    yields: tuple[str, ...]


class NodeSpec(SpecModel):
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
    region: int | None = Field(None, description="the innermost one, by its number")
    stream: str | None = Field(
        None, description="of a random value whose name is automatic: what its numbers follow from instead"
    )
    at: Position | None = None


class GroupSpec(SpecModel):
    """One use of a `def`, which holds the nodes whose group it is."""

    definition: str
    at: Position | None = None


class RegionSpec(SpecModel):
    """A part of the graph that is drawn as one: a use of a `def`, a labelled group, or a copy in a loop.

    A shared `def` is one group and has a region for every use.
    """

    kind: RegionKind
    label: str
    outer: int | None = Field(None, description="the number of the region around it, which comes before")
    at: Position | None = None


class ExpectSpec(SpecModel):
    """`expect left ~= right within tolerance`"""

    left: Operand
    right: Operand
    within: float | None = None
    text: str = ""
    at: Position | None = None


class DataSpec(SpecModel):
    """The `data` section: a source, and the field of it that each input takes."""

    source: Use = Field(description="where the rows come from")
    fields: dict[str, str]
    prepared: dict[str, Any] = Field({}, description="the fields that are computed: text -> expression")
    validation: float | str | Use | None = Field(
        None, description="a share of the training rows, a field that names splits, or a source"
    )
    test: float | Use | None = Field(None, description="a share of the rows, or a source")
    sample: str | None = Field(None, description="the input of labels whose classes are drawn equally often")

    @field_validator("prepared")
    @classmethod
    def _are_expressions(cls, prepared: dict[str, Any]) -> dict[str, Any]:
        wrong = next((text for text, value in prepared.items() if not is_expression(value)), None)
        if wrong is not None:
            raise PydanticCustomError("expression", "`{text}` is no expression over fields", {"text": wrong})
        return prepared


class ObjectiveSpec(SpecModel):
    """One of several objectives: what is minimized, and the parameters that change for it."""

    loss: str
    patterns: tuple[str, ...]
    optimizer: Use
    label: str = Field("", description="how its loss is recorded; its name where this is empty")


class TrainSpec(Fields, SpecModel):
    """The `train` section."""

    minimize: str = Field(description="the loss, or several objectives that take turns")
    objectives: tuple[ObjectiveSpec, ...] = Field(
        (), description="taken in turn on each batch, of which `minimize` is the first; () for one alone"
    )
    optimizer: Use = Field(description="how a step changes the parameters")
    schedule: Use = Field(Use(name="constant"), description="what the rate is multiplied by in each step")
    batch: int | None = Field(None, gt=0, description="rows of a step; all rows where it is left out")
    iterations: int | None = Field(None, gt=0, description="steps; or `epochs`, one of the two")
    epochs: int | None = Field(None, gt=0, description="times through the training rows")
    metrics: dict[str, str] = Field({}, description="what is printed -> the value's name")
    seed: int = Field(0, ge=0, description="what every random number follows from")
    dtype: Literal["float32", "float64"] = Field("float32", description="the precision of the numbers")
    precision: Precision = Field(
        "float32",
        description="of products in a training step: in TF32 or bfloat16 where the device has them, "
        "with parameters, sums, norms, softmax and losses in float32",
    )
    mesh: tuple[str, ...] = Field(
        (), description='the devices of a training on JAX by axes: `["data: 4", "model: 2"]`'
    )
    shard: tuple[str, ...] = Field(
        (), description='parameters that are divided over an axis of the mesh: `["*.W: model"]`'
    )
    remat: Remat = Field(
        False,
        description="whether a backend on devices computes forward values again for the gradients instead of "
        "keeping them: `true` within each node, `block` within each copy of a `repeat` and use of a `def`",
    )
    shuffle: bool = Field(True, description="whether every epoch draws another order of the rows")
    clip_norm: float | None = Field(
        None,
        gt=0,
        description="the largest norm of all gradients together: each is multiplied by "
        "clip_norm / (norm + 1e-6) where that is below 1, as in PyTorch",
    )
    clip_value: float | None = Field(
        None,
        gt=0,
        description="the largest number in a gradient: each is cut to -clip_value..clip_value, after "
        "`clip_norm` where both are given",
    )
    groups: tuple[ParameterGroup, ...] = Field(
        (), description="of parameters; the first one whose pattern fits a name decides"
    )
    accumulate: int = Field(1, ge=1, description="over so many batches gradients are averaged for an update")
    stop: Use | None = Field(None, description="when the training ends before its time: early(...)")
    keep: Use | None = Field(None, description="which weights come back at the end: best(...)")
    ema: float | None = Field(
        None, gt=0, lt=1, description="how much of the average of the weights stays at every update"
    )
    checkpoint_every: int | None = Field(None, gt=0, description="epochs between checkpoints")
    log_every: int | None = Field(
        None,
        gt=0,
        description="steps between records; without it a record is an epoch, or of `iterations` about a "
        "twentieth of them",
    )

    @property
    def losses(self) -> tuple[str, ...]:
        """The values that are minimized: one, or that of each objective."""
        return tuple(objective.loss for objective in self.objectives) or (self.minimize,)

    @property
    def several(self) -> tuple[str, ...]:
        """How the losses of several objectives are recorded; none where there is one loss."""
        return tuple(objective.label or objective.loss for objective in self.objectives)

    @field_validator("remat", mode="before")
    @classmethod
    def _remat_is_no_number(cls, value: Any) -> Any:
        """Python's True equals 1, so Pydantic would take 1 for it."""
        if isinstance(value, int | float) and not isinstance(value, bool):
            raise PydanticCustomError("literal_error", "Input should be True, False or 'block'")
        return value

    @model_validator(mode="after")
    def _one_mesh(self) -> TrainSpec:
        patterns_of(self.shard, mesh_of(self.mesh))
        return self

    @model_validator(mode="after")
    def _one_precision(self) -> TrainSpec:
        if self.precision != "float32" and self.dtype == "float64":
            raise ValueError(f"`precision = {self.precision}` is for `dtype = float32`, but it is float64")
        return self

    @model_validator(mode="after")
    def _monitors_in_their_places(self) -> TrainSpec:
        for setting, use, name in (("stop", self.stop, "early"), ("keep", self.keep, "best")):
            if use is not None and use.name != name:
                raise ValueError(f"`{setting}` is `{name}(...)`, not `{use.name}(...)`")
        return self

    @model_validator(mode="after")
    def _one_length(self) -> TrainSpec:
        if (self.iterations is None) == (self.epochs is None):
            neither = "neither is given: add one, as `epochs = 10`"
            wrong = neither if self.iterations is None else "both are given: leave one of them out"
            raise ValueError(f"`train` needs either `iterations` or `epochs`, but {wrong}")
        return self


class GradcheckSpec(Fields, SpecModel):
    """The `gradcheck` section."""

    of: str = Field(description="the scalar whose gradients are checked")
    batch: int = Field(3, gt=0, description="rows, drawn at random")
    tol: float = Field(1e-6, gt=0, description="the largest relative error that passes")
    samples: int = Field(64, gt=0, description="numbers checked per parameter; all where it has fewer")
    seed: int = Field(0, ge=0, description="what the rows and the choice of numbers follow from")


class Spec(SpecModel):
    """A whole program."""

    language: Literal[1] = 1
    doc: str = ""
    sources: tuple[SourceText, ...] = ()
    hypers: dict[str, Any] = {}
    inputs: tuple[InputSpec, ...] = ()
    params: tuple[ParamSpec, ...] = ()
    nodes: Annotated[tuple[NodeSpec, ...], Field(description="in an order in which they can run")] = ()
    groups: dict[str, GroupSpec] = {}
    regions: tuple[RegionSpec, ...] = ()
    outputs: tuple[str, ...] = ()
    expects: tuple[ExpectSpec, ...] = ()
    data: DataSpec | None = None
    train: TrainSpec | None = None
    gradcheck: GradcheckSpec | None = None
