"""How other frameworks keep the parameters of layers: their names, the order of axes and gates."""
