"""What can be wrong with a queue server, each with a hint: one that answers may refuse all jobs."""

from enum import Enum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from redis import exceptions


class QueueProblem(Enum):
    """Why no job can be queued: the problem and a hint."""

    UNAVAILABLE = (
        _("The queue server can't be reached."),
        _("Check that it is running and that REDIS_URL points to it. Tasks wait until then."),
    )
    LOADING = (
        _("The queue server is loading its data."),
        _("Wait until it has finished; workers then continue."),
    )
    FULL = (
        _("The queue server's memory is full: no job can start."),
        _("Raise its maxmemory or free memory there. Keep maxmemory-policy at noeviction."),
    )
    READ_ONLY = (
        _("The queue server is a read-only replica: no job can start."),
        _("Point REDIS_URL at the primary, or promote this server."),
    )
    DISK = (
        _("The queue server can't save to its disk and refuses writes: no job can start."),
        _("Free space on its disk. Its log has the details."),
    )
    FORBIDDEN = (
        _("The queue server denies access: no job can start."),
        _("Check the user and password in REDIS_URL. The user needs all commands on keys that begin with rq:."),
    )
    REFUSED = (_("The queue server refuses writes: no job can start."), _("Its log has the reason."))

    def __init__(self, what: str | Promise, hint: str | Promise) -> None:
        self.what = what
        self.hint = hint


PROBLEM_BY_ERROR: tuple[tuple[type[Exception], QueueProblem], ...] = (
    (exceptions.AuthenticationError, QueueProblem.FORBIDDEN),  # the first two are ConnectionErrors, too
    (exceptions.BusyLoadingError, QueueProblem.LOADING),
    (exceptions.ConnectionError, QueueProblem.UNAVAILABLE),
    (exceptions.TimeoutError, QueueProblem.UNAVAILABLE),
    (exceptions.OutOfMemoryError, QueueProblem.FULL),
    (exceptions.ReadOnlyError, QueueProblem.READ_ONLY),
    (exceptions.NoPermissionError, QueueProblem.FORBIDDEN),
)


def problem_of(error: BaseException | None) -> QueueProblem:
    """Return what an error of redis-py says of the server."""
    if error is None:
        return QueueProblem.UNAVAILABLE
    if "MISCONF" in str(error):
        return QueueProblem.DISK
    return next((problem for kind, problem in PROBLEM_BY_ERROR if isinstance(error, kind)), QueueProblem.REFUSED)
