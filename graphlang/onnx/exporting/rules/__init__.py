"""How ONNX computes each primitive."""
