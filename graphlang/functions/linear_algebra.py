"""Linear algebra on the last two axes; the axes in front count the samples."""

import numpy as np

from graphlang.kernels import linear_algebra as kernels

__all__ = ["cholesky", "det", "inv", "slogdet", "solve"]


def inv(x):
    """y = the inverse of x: y @ x = eye(n)

    Gradient: dx = -y.T @ dy @ y.T.
    Shapes: [..., n, n] -> [..., n, n].
    Domain: x is not singular; else the error names the sample.
    Example: input x: float[N, 3, 3]; y = inv(tanh(x) + 3 * eye(3))
    Example: input x: float[3, 3]; y = inv(tanh(x) - 2 * eye(3))
    """
    return kernels.inverse(_floats(x))


def solve(a, b):
    """x = the solution of a @ x = b

    Gradient: db = solve(a.T, dx), da = -db @ x.T.
    Shapes: a [..., n, n], b [..., n, m] -> [..., n, m]; of a vector b [n] it is one.
    Domain: a is not singular; else the error names the sample.
    Convention: as in NumPy a b of several axes holds columns; a batch of vectors is `expand_dims(b, -1)`.
    Example: input a: float[N, 3, 3], b: float[N, 3, 2]; y = solve(tanh(a) + 3 * eye(3), b)
    Example: input a: float[3, 3], b: float[3]; y = solve(tanh(a) + 3 * eye(3), b)
    Example: input a: float[3, 3], b: float[N, 3, 1]; y = solve(tanh(a) + 3 * eye(3), b)
    """
    if np.ndim(b) == 1:
        return np.squeeze(kernels.solve(_floats(a), np.expand_dims(_floats(b), -1)), axis=-1)
    return kernels.solve(_floats(a), _floats(b))


def det(x):
    """y = the determinant of x

    Gradient: dx = dy times the cofactors of x, which are y * inv(x).T.
    Shapes: [..., n, n] -> [...].
    Domain: any x; the second derivative needs one that is not singular.
    Example: input x: float[N, 3, 3]; y = det(tanh(x) + 2 * eye(3))
    """
    return kernels.determinant(_floats(x))


def slogdet(x):
    """s, y = the sign of the determinant of x and the logarithm of its size, without overflow

    Gradient: dx = dy * inv(x).T; none for s.
    Shapes: [..., n, n] -> [...], twice.
    Domain: x is not singular, where y is -inf and has no gradient.
    Example: input x: float[N, 3, 3]; s, y = slogdet(tanh(x) + 2 * eye(3))
    """
    return kernels.sign_of_determinant(_floats(x)), kernels.log_determinant(_floats(x))


def cholesky(x):
    """y = the lower triangle with y @ y.T = x

    Gradient: dx = (s + s.T) / 2 with s = y.T^-1 @ tril(y.T @ dy, half the diagonal) @ y^-1.
    Shapes: [..., n, n] -> [..., n, n].
    Domain: x is symmetric and positive definite; else the error names the sample.
    Convention: of an x that is not symmetric it is that of (x + x.T) / 2.
    Example: input x: float[N, 3, 3]; y = cholesky(tanh(x) @ tanh(x).T + 2 * eye(3))
    """
    return kernels.cholesky(_floats(x))


def _floats(x):
    return x if x.dtype.kind == "f" else x.astype(np.float64)
