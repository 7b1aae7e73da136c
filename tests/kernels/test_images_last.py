"""Convolution with the images along the last axis gives what it gives image by image."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from graphlang.kernels import convolution
from graphlang.kernels.convolution import conv, conv_transpose, conv_weight_gradient
from graphlang.kernels.images_last import Geometry, images_last_pay

CASES: list[tuple[tuple[int, ...], int, tuple[int, ...], dict[str, Any]]] = [
    # image [C, ...], filters, kernel, and how the kernel slides
    ((6, 8, 7), 4, (3, 3), {"stride": (1, 1), "pad": (1, 1), "dilation": (1, 1), "groups": 1}),
    ((6, 8, 9), 8, (3, 2), {"stride": (2, 3), "pad": (1, 0), "dilation": (1, 1), "groups": 2}),
    ((4, 9, 9), 6, (3, 3), {"stride": (2, 1), "pad": (2, 2), "dilation": (2, 3), "groups": 1}),
    ((3, 10), 5, (4,), {"stride": (3,), "pad": (0,), "dilation": (1,), "groups": 1}),
    ((4, 5, 4, 6), 4, (2, 2, 3), {"stride": (1, 2, 1), "pad": (0, 1, 1), "dilation": (1, 1, 2), "groups": 4}),
    ((5, 4, 4), 3, (1, 1), {"stride": (3, 3), "pad": (0, 0), "dilation": (1, 1), "groups": 1}),
    ((2, 3, 3), 2, (3, 3), {"stride": (1, 1), "pad": (3, 3), "dilation": (1, 1), "groups": 2}),
]


def all_three(x: Any, w: Any, b: Any, dy: Any, windows: dict[str, Any]) -> list[Any]:
    return [
        conv.compute(x, w, b, **windows),
        conv_weight_gradient.compute(dy, x, kernel=w.shape[2:], **windows),
        conv_transpose.compute(dy, w, size=x.shape[2:], **windows),
    ]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("images", [1, 17, 300])
@pytest.mark.parametrize(("image", "filters", "kernel", "windows"), CASES)
def test_images_last_and_images_first_agree(
    image: tuple[int, ...],
    filters: int,
    kernel: tuple[int, ...],
    windows: dict[str, Any],
    images: int,
    dtype: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(images)
    x = rng.standard_normal((images, *image)).astype(dtype)
    w = rng.standard_normal((filters, image[0] // windows["groups"], *kernel)).astype(dtype)
    b = rng.standard_normal(filters).astype(dtype)
    results = []
    for pays in (False, True):
        monkeypatch.setattr(convolution, "images_last_pay", lambda *_, pays=pays: pays)
        dy = np.ones(conv.shape(x, w, b, **windows)[0], dtype)
        dy += np.arange(dy.shape[-1], dtype=dtype)
        results.append(all_three(x, w, b, dy, windows))
    for first, last in zip(*results, strict=True):
        assert last.dtype == dtype
        scale = float(np.max(np.abs(first)))
        np.testing.assert_allclose(last, first, rtol=0, atol=scale * (1e-5 if dtype == "float32" else 1e-13))


def test_many_small_images_go_last_and_others_do_not() -> None:
    def geometry(size: int) -> Geometry:
        return Geometry((size, size), (3, 3), (size, size), (1, 1), (1, 1), (1, 1), 1)

    assert images_last_pay(100, 32, 32, geometry(7))
    assert not images_last_pay(1, 32, 32, geometry(7))
    assert not images_last_pay(100, 32, 32, geometry(64))
    assert not images_last_pay(100, 1, 64, geometry(7))
