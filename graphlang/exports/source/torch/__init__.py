"""The target `torch`: an `nn.Module`."""
