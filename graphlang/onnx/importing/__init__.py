"""From an ONNX file to a spec and its weights."""
