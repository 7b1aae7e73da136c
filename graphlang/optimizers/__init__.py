"""How a step changes a parameter: one optimizer per file."""

import sys
from typing import TYPE_CHECKING

from graphlang.contracts.families import FamilyPackage

if TYPE_CHECKING:
    from graphlang.optimizers.adadelta import Adadelta as Adadelta
    from graphlang.optimizers.adagrad import AdaGrad as AdaGrad
    from graphlang.optimizers.adam import Adam as Adam
    from graphlang.optimizers.adamw import AdamW as AdamW
    from graphlang.optimizers.lion import Lion as Lion
    from graphlang.optimizers.momentum import Momentum as Momentum
    from graphlang.optimizers.nadam import NAdam as NAdam
    from graphlang.optimizers.nesterov import Nesterov as Nesterov
    from graphlang.optimizers.radam import RAdam as RAdam
    from graphlang.optimizers.rmsprop import RMSProp as RMSProp
    from graphlang.optimizers.sgd import SGD as SGD

sys.modules[__name__].__class__ = FamilyPackage
