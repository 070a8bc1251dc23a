"""What the workers look after once in EXPORT_HOUSEKEEPING_INTERVAL seconds, and when each part was last done."""

from collections.abc import Callable

from django.utils import timezone

from accounts.forgetting import rate_limits_forget, sessions_forget
from accounts.sessions import session_keys_hash
from exports.models import Housekeeping
from exports.services.erasure import accounts_erase
from exports.services.expiry import archives_expire, archives_trim, leftovers_remove
from exports.services.forgetting import tasks_forget
from exports.services.orphans import orphans_remove
from notifications.forgetting import notifications_forget
from posts.services import removed_posts_purge

PARTS: tuple[Callable[[], int], ...] = (
    archives_expire,
    archives_trim,
    leftovers_remove,
    orphans_remove,
    removed_posts_purge,
    tasks_forget,
    notifications_forget,
    sessions_forget,
    session_keys_hash,
    rate_limits_forget,
    accounts_erase,  # last: a million posts take a while
)
"""Each can be done again, and by several workers at once; it returns how many rows or files it has dealt with."""


def housekeeping_note(*, worker: str, errors: dict[str, str]) -> None:
    """Remember that `worker` has just done these parts, each by its name with its error, empty if it worked."""
    now = timezone.now()
    limit = Housekeeping._meta.get_field("error").max_length
    Housekeeping.objects.bulk_create(
        [Housekeeping(name=name, at=now, worker=worker, error=error[:limit]) for name, error in errors.items()],
        update_conflicts=True,
        unique_fields=["name"],
        update_fields=["at", "worker", "error"],
    )


def housekeeping_done() -> list[Housekeeping]:
    """Return when each part was last done, those that never were left out."""
    return list(Housekeeping.objects.filter(name__in=[part.__name__ for part in PARTS]))
