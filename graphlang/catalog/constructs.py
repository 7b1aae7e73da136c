"""The constructs of the language that are not in the catalog: `grad`, `scan`, `repeat` and so on."""

from __future__ import annotations

CONSTRUCTS = {
    "grad": (
        "grad(y, x)",
        """
        dy/dx: the gradient of the scalar y with respect to any value before it

        It is an expression like any other, has the shape of x, and nests: a gradient has gradients.

            input x = 2
            y = x**3
            slope = grad(y, x)
            curve = grad(slope, x)

        Shapes: y float, x of any shape -> as x. What is no scalar is summed first: `grad(sum(y), x)`.
        """,
    ),
    "scan": (
        "scan x in xs, axis=1, reverse=false carry h = START { ... next h = ...; yield ...; last h }",
        """
        y[:, t] = the body at xs[:, t], with what the step before handed on: the one loop at run time

        It goes along axis 1, time, or along `axis`, of a vector along its only one; `reverse=true` begins
        at the end, and y[:, t] still belongs to xs[:, t]. `carry` gives each carried value its start, `next`
        its value for the following step, `yield` what becomes a part of the result, `last` the carried value
        after the last step; several go with commas, those of `last` after those of `yield`.

            input xs: float[N, T, 3]
            total = scan x in xs carry s = zeros(N, 3) {
              new = s + x
              next s = new
              yield new
            }

        Gradient: derived, back through time from the last step to the first.
        Shapes: xs [N, T, ...] -> y [N, T, ...], where the body yields [N, ...].
        """,
    ),
    "repeat": (
        "x -> repeat COUNT { STAGES }",
        """
        The stages COUNT times one after the other, written out before running

        Each copy has parameters of its own; a label in it gets a number, `fc1`, `fc2`.

            input x: float[N, 8]
            y = x -> repeat 3 { Affine(8); Relu }
        """,
    ),
    "for": (
        "x -> for NAME in LIST { STAGES }",
        """
        The stages once for every item of the list, written out before running

        Each copy has parameters of its own. Pairs are taken apart: `for c, k in [(64, 3), (128, 5)]`. The
        list may be `range(n)`, and `[x -> Affine(n) for n in [2, 3]]` builds a list of the results.

            input x: float[N, 8]
            y = x -> for n in [32, 16] { Affine(n); Relu } -> Affine(4)
        """,
    ),
    "residual": (
        "x -> residual { STAGES }",
        """
        y = x + the stages on x

            input x: float[N, 8]
            y = x -> residual { LayerNorm; Affine(8); Gelu }

        Shapes: x -> as x, which the stages must keep.
        """,
    ),
    "layers": (
        "x -> layers { LABEL: STAGE ... }",
        """
        The stages one after the other, one on a line or divided by `;`, with names where they are wanted

            input x: float[N, 8]
            y = x -> layers {
              fc1: Affine(16)
              Relu
              fc2: Affine(4)
            }
        """,
    ),
    "layer": (
        "layer NAME = LAYER(...)",
        """
        One instance of a layer or a `def`: every use of the name has the same parameters

            input a: float[N, 8], b: float[N, 8]
            layer enc = Affine(4)
            y = enc(a) - enc(b)
        """,
    ),
}
"""The constructs by name: the signature, and a description that starts with the formula."""
