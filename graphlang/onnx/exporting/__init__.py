"""From a graph to a file in the format ONNX."""
