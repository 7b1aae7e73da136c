"""GL1xx: text that is not a sentence of the language. The modules are loaded when there is a mistake."""
