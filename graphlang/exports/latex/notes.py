"""What the signs of a document mean, in words."""

from __future__ import annotations

NOTES: dict[str, str] = {
    "odot": (
        r"$x \odot y$ and $\frac{x}{y}$ are taken element by element; a smaller array is repeated along the "
        r"axes that it lacks."
    ),
    "iverson": r"$[c]$ is $1$ where the condition $c$ holds, and $0$ elsewhere.",
    "axis": (
        r"$\sum_{\text{axis } 0}$ goes along the first axis, $\sum$ alone over all elements; $\max$ and "
        r"others alike."
    ),
    "sigmoid": r"$\sigma(x) = \frac{1}{1 + e^{-x}}$.",
    "reshape": (
        r"$\operatorname{reshape}_{a \times b}(x)$ has the elements of $x$, in their order, in another "
        r"shape."
    ),
    "transpose": r"$\operatorname{transpose}_{0, 2, 1}(x)$ has the axes of $x$ in that order.",
    "index": r"$x[i, a:b]$ are the elements of $x$ at these places, counted from $0$, without $b$ itself.",
    "place": r"$\operatorname{place}_{i}(x)$ is $0$, but for $x$ at the places $i$.",
    "scatter": (
        r"$\operatorname{scatter}_{i}(x)$ adds up, at each place, the rows of $x$ whose index in $i$ is that "
        r"place."
    ),
    "pick": r"$\operatorname{pick}_{i}(x)$ is the element of each row of $x$ at its place in $i$.",
    "spread": (
        r"$\operatorname{spread}_{i}(x)$ has the elements of $x$ at the places $i$ of its rows, and $0$ "
        r"elsewhere."
    ),
    "pad": (
        r"$\operatorname{pad}_{(a, b)}(x)$ has $a$ more places before $x$ and $b$ after it, axis by axis."
    ),
    "one_hot": (
        r"$\operatorname{onehot}_{n}(t)$ has, for each label in $t$, a row of $n$ numbers: $1$ at the label, "
        r"else $0$."
    ),
    "random": r"$\mathcal{N}(0, 1)$ and $\mathcal{U}(0, 1)$ are random numbers, drawn anew at each step.",
    "cofactors": r"$\operatorname{cof}(X)$ are the derivatives of $\det X$ by its elements.",
    "cholesky": r"$\operatorname{chol}(X)$ is the lower triangle $L$ with $L L^{\top} = X$.",
    "mills": (
        r"$\operatorname{mills}(x) = \frac{1 - \Phi(x)}{\varphi(x)}$, with the distribution $\Phi$ and the "
        r"density $\varphi$ of a normal variable."
    ),
    "norms": r"$\operatorname{norms}(x, \dots)$ are the Euclidean norm of all together, and that of each.",
    "linear_recurrence": (
        r"$y = \operatorname{recurrence}(a, b)$ is $y_{i} = a_{i} \, y_{i - 1} + b_{i}$, along the last "
        r"axis."
    ),
    "conv": (
        r"$\operatorname{conv}(x, W, b)_{n, f, o} = b_{f} + \sum_{c, k} W_{f, c, k} \, x_{n, c, o s - p + k "
        r"d}$, with stride $s$, padding $p$ and dilation $d$ along each axis of the image."
    ),
    "conv_transpose": (
        r"$\operatorname{convt}(y, W)$ is the transpose of the linear map $x \mapsto \operatorname{conv}(x, "
        r"W)$, applied to $y$."
    ),
    "conv_weight_gradient": (
        r"$\operatorname{convw}(y, x)_{f, c, k} = \sum_{n, o} y_{n, f, o} \, x_{n, c, o s - p + k d}$."
    ),
    "max_pool": r"$\operatorname{maxpool}(x)$ is the largest element of each window along an axis.",
    "max_pool_gradient": (
        r"$\operatorname{unpool}(\delta, x, y)$ adds each $\delta$ to the place of $x$ where the largest "
        r"element $y$ of its window was."
    ),
    "max_pool_pick": (
        r"$\operatorname{poolpick}(z, x, y)$ is the $z$ at the place where the largest element $y$ of each "
        r"window of $x$ was."
    ),
    "sum_pool": r"$\operatorname{sumpool}(x)$ is the sum of each window along an axis.",
    "sum_pool_gradient": (
        r"$\operatorname{unsumpool}(\delta)$ adds each $\delta$ to all places that its window covers."
    ),
    "stack": r"$(x_{t})_{t}$ has all $x_{t}$ along its first axis.",
    "cell": (
        r"$a^{(1)}_{t}$ are the pre-activations of a recurrent layer, with a block of columns for each of "
        r"its gates, $a^{(1)}_{t}[f]$; $s^{(1)}$ is everything that its backward reads again."
    ),
    "columns": (
        r"$W[:, n]$, $b[zr]$ and $x[h]$ are the columns of the gates or pieces that are named; "
        r"$\delta^{(1)}_{t}$ is the gradient of the pre-activations, and what is beyond the first or the "
        r"last $t$ is $0$."
    ),
}
