"""When each part of the periodic work was last done, and whether it worked."""

from django.utils import timezone

from core.periodic import REGULAR
from tasks.models import Housekeeping


def record_housekeeping(*, worker: str, errors: dict[str, str]) -> None:
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
    return list(Housekeeping.objects.filter(name__in=[work.__name__ for work in REGULAR]))
