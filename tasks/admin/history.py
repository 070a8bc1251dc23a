"""A task's history as staff read it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.utils.translation import gettext as _

from tasks.models import Task, TaskEvent
from tasks.models.event import ActorType, Reason
from tasks.services.history import task_history


@dataclass(frozen=True)
class Step:
    """One thing that happened to a task."""

    event: TaskEvent
    after: timedelta | None
    """The time since the step before; None for the first one."""

    @property
    def who(self) -> str:
        """Return who had it happen, in a word or two; empty if nobody noted it."""
        if self.event.by == ActorType.STAFF:
            actor = self.event.actor
            return actor.username if actor else _("staff (account erased)")
        return str(self.event.get_by_display())

    @property
    def repeats(self) -> str:
        """Return the id of the task that this one repeats; empty if it repeats none."""
        return self.event.detail if self.event.reason == Reason.RETRIED else ""

    @property
    def error_class(self) -> str:
        """Return the class of the error that ended the attempt, if one did."""
        return "" if self.repeats else self.event.detail

    @property
    def is_derived(self) -> bool:
        """Return whether there is no event of it, and the task's row alone says so."""
        return self.event.pk is None


def steps(task: Task) -> Iterator[Step]:
    """Yield what happened to the task, the first first."""
    before = None
    for event in task_history(task):
        yield Step(event, event.at - before if before else None)
        before = event.at
