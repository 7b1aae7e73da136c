"""Reshaping without a copy, in every version of NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np

_SINCE_2_1 = np.lib.NumpyVersion(np.__version__) >= "2.1.0"


def reshaped_view(array: Any, shape: Any) -> Any:
    """The array in another shape, as a view of it; raises ValueError where that would need a copy."""
    if _SINCE_2_1:
        return array.reshape(shape, copy=False)
    view = array.view()
    try:
        view.shape = shape
    except AttributeError as error:
        raise ValueError(str(error)) from None
    return view
