"""Work that must happen regularly: an app registers a function here, and the workers of `tasks` call it."""

from collections.abc import Callable

Work = Callable[[], int]
"""It can run again, and in several workers at once. It returns how many rows or files it has dealt with."""

REGULAR: list[Work] = []
"""Called every EXPORT_HOUSEKEEPING_INTERVAL seconds."""

FREQUENT: list[Work] = []
"""Called every EXPORT_RECONCILE_INTERVAL seconds."""


def periodic(*, frequent: bool = False) -> Callable[[Work], Work]:
    """Have workers call the function regularly; `frequent` is for what members wait for."""

    def register(work: Work) -> Work:
        (FREQUENT if frequent else REGULAR).append(work)
        return work

    return register
