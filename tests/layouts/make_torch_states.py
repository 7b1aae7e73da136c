"""Writes the states of PyTorch modules that the tests hold without PyTorch: `python -m tests.layouts.make_torch_states`."""

from __future__ import annotations

import numpy as np
from safetensors.torch import save_file

from tests.layouts.torch_cases import CASES, STATES, made


def main() -> None:
    """Writes a state for each case, and the inputs and outputs of all of them."""
    arrays = {}
    for name, case in CASES.items():
        module, x, y = made(case)
        state = {key: value.contiguous() for key, value in module.state_dict().items()}
        save_file(state, STATES / f"{name}.safetensors")
        arrays |= {f"{name}.x": x.numpy(), f"{name}.y": y.numpy()}
    np.savez_compressed(STATES / "inputs_and_outputs.npz", **arrays)


if __name__ == "__main__":
    main()
