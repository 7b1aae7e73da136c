"""The language server: what an editor asks about a text, answered.

`analysis` reads a text as far as it can be read, `names` says what each name in it stands for, and each
feature is a module of functions on an analysis, in offsets of the text. `server` and `convert` map all that
to the protocol with pygls, which nothing else here imports.
"""
