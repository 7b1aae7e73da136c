"""Operations of the language that ONNX has too."""
