"""An export that is not built, for a reason that can be told."""


class ExportRefusedError(Exception):
    """The export was refused; the text is for the member, in plain words."""
