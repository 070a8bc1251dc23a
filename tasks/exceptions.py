"""How an attempt ends other than by a result or an error."""

from tasks.models.event import Reason
from tasks.models.failure import Failure


class TaskRefusedError(Exception):
    """No other attempt could succeed, for the reason in `failure`, which the member sees."""

    is_ours = True
    """Whether it is the site's fault, of which staff hear, and not the member's, such as a file of another kind."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.code)
        self.failure = failure


class ClaimLostError(Exception):
    """The task is no longer this attempt's: it was cancelled, or another worker has it."""


class TaskInterruptedError(Exception):
    """The job stopped after a checkpoint, as it was asked to for this reason; it resumes from there."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason
