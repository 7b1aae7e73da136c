"""The step of a training in the format ONNX: gradients and updates as functions, and the graph that calls them."""
