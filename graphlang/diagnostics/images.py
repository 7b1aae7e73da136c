"""GL631: files of images that cannot be read."""

from __future__ import annotations

from graphlang.diagnostics.base import OfFile, wording


class WrongImage(OfFile):
    """A file in a folder of images is no image, or larger than what is read.

        graphlang train net.graph --data images

    Fix: take the file away, or write it again as PNG, PPM or JPEG.
    """

    code = "GL631"
    message = "`{file}` cannot be read as an image: {reason}"
    help = "take the file away, or write it again as PNG, PPM or JPEG"

    reason: str
    size: str

    too_large = wording("`{file}` is an image of {size} pixels, and 2^26 is the most", "make it smaller")
    too_many = wording("`{file}` has more than {size} images", "take some away")
    no_size = wording(
        "the images of `{file}` are brought to no size", "give `size=[32, 32]`, height and width"
    )
