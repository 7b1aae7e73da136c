"""The public side in Python: load a spec, run, train, check and save its graph."""

from graphlang.api.graph import Graph as Graph
from graphlang.api.graph import OwnLayers as OwnLayers
from graphlang.api.loading import load as load
from graphlang.api.loading import loads as loads
