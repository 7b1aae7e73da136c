"""The rectified linear unit whose slope below zero is learnt."""

import numpy as np
from pydantic import Field

from graphlang.catalog.operation import Array, Layer, Parameter
from graphlang.initializers.constant import constant
from graphlang.layers._axes import per_channel


class PRelu(Layer):
    """y = x where x > 0, else alpha * x

    Gradient: dx = dy where x > 0, else alpha * dy; dalpha = the sum of dy * x where x <= 0.
    Shapes: as x; alpha [] or, `per_channel`, [C] for x [N, C, ...].
    Source: He et al., Delving Deep into Rectifiers, 2015: alpha starts at 0.25.
    Convention: one alpha for all channels, as PyTorch's default.
    """

    per_channel: bool = Field(False, description="an alpha for each channel (axis 1)")

    def parameters(self, x: Array) -> dict[str, Parameter]:
        shape = (x.shape[1],) if self.per_channel else ()
        return {"alpha": Parameter(shape, constant(c=0.25))}

    def forward(self, x: Array, *, alpha: Array) -> tuple[Array, None]:
        slope = per_channel(alpha, x) if self.per_channel else alpha
        return np.where(x > 0, x, slope * x), None
