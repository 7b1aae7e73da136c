"""The step of a training in ONNX: gradients and updates as functions, and the graph that calls them."""
