"""Why something has no form in ONNX."""


class CannotExport(Exception):
    """What ONNX, or the version of it that is asked for, does not have; the text says what and why."""

    #: what the steps are for that cannot be written, as the name of a node
    origin = ""
