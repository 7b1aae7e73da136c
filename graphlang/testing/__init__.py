"""Holds what is one's own to the contract of the built-in ones: `gl.testing.check_layer(Swish(beta=2), x)`.

Each function raises AssertionError with a sentence where a promise is broken, and returns nothing else.
"""

from graphlang.testing.data_sources import check_source as check_source
from graphlang.testing.layers import check_layer as check_layer
from graphlang.testing.steps import check_initializer as check_initializer
from graphlang.testing.steps import check_optimizer as check_optimizer
from graphlang.testing.steps import check_schedule as check_schedule
