"""The version of graphlang, below everything that names it: the command line, run folders, the package."""

__version__ = "0.1.0"
