"""The parameters of a network as the state of a PyTorch module: which array each is made of, and back."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphlang.layouts.instances import layer_instances
from graphlang.layouts.slots import ParameterSlot, same
from graphlang.layouts.torch_table import DROPPED, torch_slots
from graphlang.spec.network import Network


@dataclass(frozen=True)
class TorchParameter:
    """A parameter, and the arrays of a state that it is made of."""

    name: str
    slot: ParameterSlot
    #: the layer it belongs to, as a PyTorch module has it: dots are attributes
    layer: str

    def arrays(self, given: Collection[str]) -> tuple[str, ...]:
        """The names of the arrays in a state, where the layer stands under its own name or, as in a module
        that is generated, with underscores for dots."""
        places = [[_within(layer, name) for name in self.slot.names] for layer in self._layers()]
        places.append([attribute_name(name) for name in self.slot.names] if not self.layer else places[0])
        for names in places:
            if any(name in given for name in names):
                return tuple(names)
        return tuple(places[0])

    def _layers(self) -> list[str]:
        return [self.layer, attribute_name(self.layer)]


def torch_parameters(network: Network) -> dict[str, TorchParameter]:
    """Every parameter of a network; one of the file itself, or of an own layer, keeps its name."""
    shapes = {name: param.shape for name, param in network.params.items()}
    found = {name: TorchParameter(name, same(name), "") for name in shapes}
    for instance in layer_instances(network):
        roles = {role: shapes[name] for role, name in instance.roles.items()}
        is_own = instance.operation in network.catalog.own
        slots = {} if is_own else torch_slots(instance.operation, roles)
        for role, name in instance.roles.items():
            found[name] = TorchParameter(name, slots.get(role, same(role)), instance.name)
    return found


def module_state(network: Network, params: Mapping[str, Any]) -> dict[str, Any]:
    """The state of the module that stands for a network: what `load_state_dict` takes.

    Modules are attributes, so the dots in the name of a layer become underscores.
    """
    state: dict[str, Any] = {}
    for name, parameter in torch_parameters(network).items():
        arrays = parameter.slot.there(np.asarray(params[name]))
        layer = attribute_name(parameter.layer)
        for part, array in zip(parameter.slot.names, arrays, strict=True):
            full = _within(layer, part) if layer else attribute_name(part)
            state[full] = state[full] + array if full in state else np.array(array, order="C")
    counters = [
        _within(attribute_name(instance.name), dropped)
        for instance in layer_instances(network)
        if instance.operation == "BatchNorm"
        for dropped in DROPPED
    ]
    return state | {name: np.zeros((), np.int64) for name in counters}


def attribute_name(name: str) -> str:
    """The name of a layer as one attribute."""
    return name.replace(".", "_")


def is_dropped(name: str) -> bool:
    """Whether an array of a state is of no use here."""
    return name.rpartition(".")[2] in DROPPED


def _within(layer: str, name: str) -> str:
    return f"{layer}.{name}" if layer else name
