"""lesson:two_layer_net in NumPy, written by graphlang.

Usage:

    net = TwoLayerNet()
    y = net.predict(x)
    losses = train(net, x, t)
    net.load("weights.npz")  # as graphlang saves them
"""

import hashlib

import numpy as np

SEED = 0


def stream(name, seed):
    """A generator that a name and a seed decide."""
    digest = hashlib.sha256(f"{seed}:{name}".encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "little")))


def normal(name, shape, std, seed):
    """Normal numbers of a standard deviation."""
    return (std * stream(name, seed).standard_normal(shape)).astype(np.float32)


class Affine:
    """y = x @ W + b, along the last axis"""

    def __init__(self, W, b):
        self.W = W
        self.b = b

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW = self.x.T @ dout
        self.db = np.sum(dout, axis=0)
        return dout @ self.W.T


class Relu:
    """y = max(x, 0)"""

    def forward(self, x):
        self.y = np.maximum(x, 0)
        return self.y

    def backward(self, dout):
        return dout * (self.y > 0)


class SoftmaxWithLoss:
    """L = -sum(t * log(y)) / N, y = softmax(x) along the last axis"""

    def forward(self, x, t):
        self.t = t
        d = x - np.max(x, axis=-1, keepdims=True)
        self.e = np.exp(d)
        self.total = np.sum(self.e, axis=-1, keepdims=True)
        picked = np.take_along_axis(d, t[..., None], axis=-1)
        return np.mean(np.log(self.total) - picked)

    def backward(self, dout):
        N = self.t.shape[0]
        rows = (self.t[..., None] == np.arange(10)).astype(np.float32)
        return dout / N * (self.e / self.total - rows)


class Accuracy:
    """mean(argmax(y) == t), the argmax over the last axis; of a score per row, mean((y > threshold) == t)"""

    def forward(self, y, t):
        return np.mean(np.argmax(y, axis=-1) == t)


class TwoLayerNet:
    """The network of lesson:two_layer_net."""

    def __init__(self, seed=SEED):
        self.params = {
            "Affine1.W": normal("Affine1.W", (784, 50), 0.01, seed),
            "Affine1.b": np.zeros(50, np.float32),
            "Affine2.W": normal("Affine2.W", (50, 10), 0.01, seed),
            "Affine2.b": np.zeros(10, np.float32),
        }
        p = self.params
        self.affine1 = Affine(p["Affine1.W"], p["Affine1.b"])
        self.relu1 = Relu()
        self.affine2 = Affine(p["Affine2.W"], p["Affine2.b"])
        self.loss_layer = SoftmaxWithLoss()
        self.accuracy1 = Accuracy()

    def predict(self, x):
        x = np.asarray(x, np.float32)
        # y    = x -> Affine(hidden, init=normal(0.01)) -> Relu -> Affine(10, init=normal(0.01))
        affine1 = self.affine1.forward(x)
        relu1 = self.relu1.forward(affine1)
        y = self.affine2.forward(relu1)
        return y

    def loss(self, x, t):
        t = np.asarray(t, np.int64)
        y = self.predict(x)
        # loss = SoftmaxWithLoss(y, t)
        loss = self.loss_layer.forward(y, t)
        return loss

    def accuracy(self, x, t):
        t = np.asarray(t, np.int64)
        y = self.predict(x)
        #   metrics    = [accuracy(y, t)]
        accuracy1 = self.accuracy1.forward(y, t)
        return accuracy1

    def gradient(self, x, t):
        """The gradients of loss by every parameter and input."""
        loss = self.loss(x, t)
        self.loss_value = loss
        dloss = np.ones_like(loss)
        dy = self.loss_layer.backward(dloss)
        drelu1 = self.affine2.backward(dy)
        daffine1 = self.relu1.backward(drelu1)
        dx = self.affine1.backward(daffine1)
        return {
            "x": dx,
            "Affine1.W": self.affine1.dW,
            "Affine1.b": self.affine1.db,
            "Affine2.W": self.affine2.dW,
            "Affine2.b": self.affine2.db,
        }

    def load(self, path):
        """Takes the parameters of an .npz file, as graphlang saves them."""
        with np.load(path) as arrays:
            for name, value in self.params.items():
                value[...] = arrays[name]

    def save(self, path):
        np.savez(path, **self.params)


class SGD:
    """W <- W - lr * dW"""

    def __init__(self, lr=0.2):
        self.lr = lr

    def update(self, params, grads):
        for key, W in params.items():
            if key not in grads:
                continue
            dW = grads[key]
            W -= self.lr * (dW + 0.001 * W)


# train {
#   minimize   = loss
#   optimizer  = SGD(lr=0.2, weight_decay=0.001)
#   batch      = 100
#   iterations = 10000
#   metrics    = [accuracy(y, t)]
#   seed       = 0
# }
def train(net, x, t, iterations=10000, batch=100, seed=SEED):
    """Trains the network as the spec says, and returns the loss of every step."""
    optimizer = SGD()
    losses = []
    rows = len(x)
    per_epoch = -(-rows // batch)
    for step in range(iterations):
        epoch, place = divmod(step, per_epoch)
        if place == 0:
            order = stream(f"shuffle of epoch {epoch}", seed).permutation(rows)
        batch_mask = order[place * batch : (place + 1) * batch]
        grads = net.gradient(x=x[batch_mask], t=t[batch_mask])
        losses.append(float(net.loss_value))
        optimizer.update(net.params, grads)
    return losses
