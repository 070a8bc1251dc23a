"""What can be wrong with a queue server, and what to do about it: one that answers may refuse all work."""

from enum import Enum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from redis import exceptions


class QueueProblem(Enum):
    """Why no job can be queued: what is wrong, and the remedy."""

    AWAY = (
        _("The queue server cannot be reached."),
        _("See whether it runs, and whether REDIS_URL leads to it. What was asked for is kept, and waits."),
    )
    LOADING = (_("The queue server is loading its data."), _("Wait until it has finished: workers continue then."))
    FULL = (
        _("The queue server's memory is full: no export can start."),
        _("Raise its maxmemory, or free memory there. Keep maxmemory-policy at noeviction."),
    )
    READ_ONLY = (
        _("The queue server is a read-only replica: no export can start."),
        _("Point REDIS_URL at the primary, or promote this server."),
    )
    DISK = (
        _("The queue server cannot save to its disk, and refuses writes: no export can start."),
        _("Free space on its disk. Its log says more."),
    )
    FORBIDDEN = (
        _("The queue server denies access: no export can start."),
        _("Check the user and password in REDIS_URL. The user needs all commands on keys that begin with rq:."),
    )
    REFUSED = (_("The queue server refuses writes: no export can start."), _("Its log says why."))

    def __init__(self, what: str | Promise, remedy: str | Promise) -> None:
        self.what = what
        self.remedy = remedy


KINDS: tuple[tuple[type[Exception], QueueProblem], ...] = (
    (exceptions.AuthenticationError, QueueProblem.FORBIDDEN),  # the first two are ConnectionErrors, too
    (exceptions.BusyLoadingError, QueueProblem.LOADING),
    (exceptions.ConnectionError, QueueProblem.AWAY),
    (exceptions.TimeoutError, QueueProblem.AWAY),
    (exceptions.OutOfMemoryError, QueueProblem.FULL),
    (exceptions.ReadOnlyError, QueueProblem.READ_ONLY),
    (exceptions.NoPermissionError, QueueProblem.FORBIDDEN),
)


def problem_of(error: BaseException | None) -> QueueProblem:
    """Return what an error of redis-py says of the server."""
    if error is None:
        return QueueProblem.AWAY
    if "MISCONF" in str(error):
        return QueueProblem.DISK
    return next((problem for kind, problem in KINDS if isinstance(error, kind)), QueueProblem.REFUSED)
