"""What the tokens of a `.graph` file are to a reader: for editors, documents and terminals.

`kinds` tells the words of the language from names, in texts that need not be sound; `pygments_lexer` makes
the tokens of Pygments of them.
"""
