"""The operations of version 1 whose names no input of an open formula may have.

A name that came later is an operation where it is called, and an input where it stands alone, as it was.
"""

OF_VERSION_1 = frozenset(
    """
    Affine Attention AvgPool BatchNorm BinaryCrossEntropy Conv ConvTranspose CrossEntropyError Dropout
    Elu Embedding Flatten GRU Gelu GlobalAvgPool GroupNorm HardSwish HuberLoss Identity InstanceNorm
    LSTM LayerNorm LeakyRelu LogSoftmax MaxPool MeanSquaredError Mish PRelu RMSNorm RNN Relu Sigmoid
    Silu Softmax SoftmaxWithLoss Softplus SumSquaredError Tanh abs accuracy arange arctan argmax argmin
    broadcast_to causal_mask clip concat cos cosh cumsum einsum elu erf exp expand_dims eye flip full
    gelu leaky_relu log log_softmax logsumexp max maximum mean min minimum one_hot ones pad prod
    rearrange relu repeat_axis reshape roll sigmoid sign silu sin sinh softmax softplus split sqrt
    square squeeze stack std stop_gradient sum swapaxes take tan tanh transpose tril var where zeros
    """.split()
)
