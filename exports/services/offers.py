"""Which exports a member can start now, and why not the others."""

from dataclasses import dataclass
from datetime import datetime

from accounts.models import User
from exports.models import Task
from exports.services.cooldown import next_starts
from exports.services.kinds import EXPORT_KINDS, KINDS, TaskKind


@dataclass(frozen=True)
class Offer:
    """One kind of export, as it is offered to a member."""

    kind: str
    """What `POST /exports/` takes."""
    task: TaskKind
    in_progress: bool
    next_at: datetime | None
    """When the member can start it again, if they have to wait."""

    @property
    def is_open(self) -> bool:
        """Return whether it can be started now."""
        return not self.in_progress and self.next_at is None


def export_offers(user: User) -> dict[str, Offer]:
    """Return every kind of export by its name; the queries are the same for any number of kinds."""
    names = EXPORT_KINDS.values()
    active = set(Task.objects.active().filter(user=user, name__in=names).values_list("name", flat=True))
    waiting = next_starts(user=user, names=names)
    return {
        kind: Offer(kind, KINDS[name], in_progress=name in active, next_at=waiting.get(name))
        for kind, name in EXPORT_KINDS.items()
    }
