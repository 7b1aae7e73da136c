"""How the learning rate changes during training: one schedule per file."""

import sys
from typing import TYPE_CHECKING

from graphlang.contracts.families import FamilyPackage

if TYPE_CHECKING:
    from graphlang.schedules.constant import constant as constant
    from graphlang.schedules.cosine import cosine as cosine
    from graphlang.schedules.exponential import exponential as exponential
    from graphlang.schedules.linear import linear as linear
    from graphlang.schedules.milestones import milestones as milestones
    from graphlang.schedules.one_cycle import one_cycle as one_cycle
    from graphlang.schedules.plateau import plateau as plateau
    from graphlang.schedules.polynomial import polynomial as polynomial
    from graphlang.schedules.step import step as step
    from graphlang.schedules.warmup_cosine import warmup_cosine as warmup_cosine

sys.modules[__name__].__class__ = FamilyPackage
