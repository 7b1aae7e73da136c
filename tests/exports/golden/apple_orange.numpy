"""lesson:apple_orange in NumPy, written by graphlang.

Usage:

    net = AppleOrange()
    price = net.predict()
    grads = net.gradient()
"""


class MulLayer:
    """x * y"""

    def forward(self, x, y):
        self.x = x
        self.y = y
        return x * y

    def backward(self, dout):
        dx = dout * self.y
        dy = dout * self.x
        return dx, dy


class AddLayer:
    """x + y"""

    def forward(self, x, y):
        return x + y

    def backward(self, dout):
        return dout, dout


class AppleOrange:
    """The network of lesson:apple_orange."""

    def __init__(self):
        self.apple_price_layer = MulLayer()
        self.orange_price_layer = MulLayer()
        self.total_layer = AddLayer()
        self.price_layer = MulLayer()

    def predict(self, apple=100, apple_num=2, orange=150, orange_num=3, tax=1.1):
        # apple_price  = apple * apple_num
        apple_price = self.apple_price_layer.forward(apple, apple_num)
        # orange_price = orange * orange_num
        orange_price = self.orange_price_layer.forward(orange, orange_num)
        # total        = apple_price + orange_price
        total = self.total_layer.forward(apple_price, orange_price)
        # price        = total * tax
        price = self.price_layer.forward(total, tax)
        return price

    def gradient(self, apple=100, apple_num=2, orange=150, orange_num=3, tax=1.1):
        """The gradients of price by every parameter and input."""
        price = self.predict(apple, apple_num, orange, orange_num, tax)
        self.loss_value = price
        dprice = 1.0
        dtotal, dtax = self.price_layer.backward(dprice)
        dapple_price, dorange_price = self.total_layer.backward(dtotal)
        dorange, dorange_num = self.orange_price_layer.backward(dorange_price)
        dapple, dapple_num = self.apple_price_layer.backward(dapple_price)
        return {
            "apple": dapple,
            "apple_num": dapple_num,
            "orange": dorange,
            "orange_num": dorange_num,
            "tax": dtax,
        }
