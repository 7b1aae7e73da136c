"""Arrays as small PNG images in a page."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np

LEAST = 4
"""The smallest side of an array that is seen as an image."""


def is_image(array: Any) -> bool:
    """Whether an array is an image: [height, width], or [1 or 3 channels, height, width]."""
    shape = np.shape(array)
    return min(shape[-2:], default=0) >= LEAST and (
        len(shape) == 2 or (len(shape) == 3 and shape[0] in {1, 3})
    )


def grey(array: Any) -> Any:
    """An image as bytes [height, width, 3], from its smallest number to its largest."""
    image = np.asarray(array, np.float64)
    image = image if image.ndim == 2 else np.moveaxis(image, 0, -1)
    image = np.nan_to_num(image)
    low, high = float(image.min()), float(image.max())
    scaled = (image - low) / (high - low) if high > low else np.zeros_like(image)
    levels = np.rint(255 * scaled).astype(np.uint8)
    return np.broadcast_to(levels if levels.ndim == 3 else levels[..., None], (*levels.shape[:2], 3))


def signed(array: Any) -> Any:
    """Weights as bytes [height, width, 3]: blue below 0, white at 0, red above."""
    weights = np.nan_to_num(np.asarray(array, np.float64))
    share = weights / (np.abs(weights).max() or 1)
    fade = 1 - np.abs(share)
    red, blue = np.where(share > 0, 1, fade), np.where(share < 0, 1, fade)
    return np.rint(255 * np.stack([red, fade, blue], axis=-1)).astype(np.uint8)


def side_by_side(images: Sequence[Any], columns: int) -> Any:
    """Images of one size in rows, with a gap of one pixel."""
    height, width, _ = images[0].shape
    rows = -(-len(images) // columns)
    sheet = np.full((rows * (height + 1) - 1, columns * (width + 1) - 1, 3), 128, np.uint8)
    for place, image in enumerate(images):
        top, left = place // columns * (height + 1), place % columns * (width + 1)
        sheet[top : top + height, left : left + width] = image
    return sheet


def data_uri(pixels: Any) -> str:
    """Pixels [height, width, 3] as the address of a PNG inside the page."""
    height, width, _ = pixels.shape
    lines = np.concatenate([np.zeros((height, 1), np.uint8), pixels.reshape(height, -1)], axis=1)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(lines.tobytes(), 9)), (b"IEND", b"")]
    file = b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, body) for name, body in chunks)
    return "data:image/png;base64," + base64.b64encode(file).decode()


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
