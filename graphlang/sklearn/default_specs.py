"""The specs of estimators that are made without one: a hidden layer, whose sizes follow from the data."""

CLASSIFIER = """\
hyper D = 2, C = 2, hidden = 50        # D and C: the columns of X, the classes of y
input x: float[N, D], t: int[N], w: float[N]
y = x -> Affine(hidden) -> Relu -> Affine(C)
loss = SoftmaxWithLoss(y, t, sample_weight=w)
output y
train { minimize = loss; optimizer = Adam(lr=0.01); batch = 200; epochs = 100; dtype = float64 }
"""
REGRESSOR = """\
hyper D = 2, M = 1, hidden = 50        # D and M: the columns of X and of y
input x: float[N, D], t: float[N, M], w: float[N]
y = x -> Affine(hidden) -> Relu -> Affine(M)
loss = MeanSquaredError(y, t, sample_weight=w)
output y
train { minimize = loss; optimizer = Adam(lr=0.01); batch = 200; epochs = 100; dtype = float64 }
"""
