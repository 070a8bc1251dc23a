"""An export that is not built, for a reason that can be told."""

from exports.models.failure import Failure


class ExportRefusedError(Exception):
    """The export was refused, for the reason in `failure`."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.code)
        self.failure = failure
