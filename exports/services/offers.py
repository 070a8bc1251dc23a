"""Which exports a member can start now, and why not the others."""

from dataclasses import dataclass
from datetime import datetime

from accounts.models import User
from exports.models import Task
from exports.services.cooldown import next_starts
from exports.services.kinds import EXPORT_ARCHIVE, EXPORT_KINDS, KINDS, TaskKind


@dataclass(frozen=True)
class Offer:
    """One kind of export, as it is offered to a member."""

    kind: str
    """What `POST /exports/` takes."""
    task: TaskKind
    active: Task | None
    """The member's export of this kind that is waiting or running."""
    next_at: datetime | None
    """When the member can start it again, if they have to wait."""

    @property
    def is_open(self) -> bool:
        """Return whether it can be started now."""
        return self.active is None and self.next_at is None

    @property
    def is_recommended(self) -> bool:
        """Return whether it holds everything."""
        return self.task.name == EXPORT_ARCHIVE


def export_offers(user: User) -> dict[str, Offer]:
    """Return every kind of export by its name; the queries are the same for any number of kinds."""
    names = EXPORT_KINDS.values()
    active = {task.name: task for task in Task.objects.active().filter(user=user, name__in=names)}
    waiting = next_starts(user=user, names=names)
    return {
        kind: Offer(kind, KINDS[name], active=active.get(name), next_at=waiting.get(name))
        for kind, name in EXPORT_KINDS.items()
    }
