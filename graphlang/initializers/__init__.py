"""How a parameter starts: one initializer per file."""

import sys
from typing import TYPE_CHECKING

from graphlang.contracts.families import FamilyPackage

if TYPE_CHECKING:
    from graphlang.initializers.constant import constant as constant
    from graphlang.initializers.fan_uniform import fan_uniform as fan_uniform
    from graphlang.initializers.glorot import glorot as glorot
    from graphlang.initializers.he import he as he
    from graphlang.initializers.lecun import lecun as lecun
    from graphlang.initializers.normal import normal as normal
    from graphlang.initializers.ones import ones as ones
    from graphlang.initializers.orthogonal import orthogonal as orthogonal
    from graphlang.initializers.uniform import uniform as uniform
    from graphlang.initializers.xavier import xavier as xavier
    from graphlang.initializers.zero_row import zero_row as zero_row
    from graphlang.initializers.zeros import zeros as zeros

sys.modules[__name__].__class__ = FamilyPackage
