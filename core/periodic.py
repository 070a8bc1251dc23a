"""Work that must happen regularly: an app registers a function here, and the workers of `tasks` call it."""

from collections.abc import Callable

Work = Callable[[], int]
"""Must be safe to repeat, and to run in several workers at once; returns how many rows or files it processed."""

REGULAR: list[Work] = []
"""Called every EXPORT_HOUSEKEEPING_INTERVAL seconds."""

FREQUENT: list[Work] = []
"""Called every EXPORT_RECONCILE_INTERVAL seconds."""


def periodic(*, frequent: bool = False) -> Callable[[Work], Work]:
    """Register a function for workers to call regularly; `frequent` is for work that members wait for."""

    def register(work: Work) -> Work:
        (FREQUENT if frequent else REGULAR).append(work)
        return work

    return register
