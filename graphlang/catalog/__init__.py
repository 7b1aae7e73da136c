"""What the language knows by name: the contract of an operation, and how a name finds its definition."""
