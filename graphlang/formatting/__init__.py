"""The one layout of a `.graph` file: spaces, indentation, alignment and line breaks.

`pieces` reads a text into its tokens and comments, `breaks` decides where lines end, `spacing` what stands
between two tokens on a line, `layout` writes the statements, `comments` places what stands behind a `#`.
"""

from graphlang.formatting.layout import laid_out

__all__ = ["laid_out"]
