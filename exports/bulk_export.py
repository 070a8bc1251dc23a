"""An export for every member, for example before a site closes: a few at a time, and continued by a second run."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, Min, OuterRef, QuerySet
from django.utils import timezone

from accounts.models import User
from exports.models import Archive
from exports.models.archive import ArchiveQuerySet
from tasks.models import Task, TaskStatus
from tasks.models.task import ACTIVE
from tasks.queue.client import QueueUnavailableError, queue_probe
from tasks.services.launch import AccountClosedError, TaskAlreadyActiveError, task_launch

NAME_PARAM = "campaign"
"""The key in a task's parameters that names its bulk export."""


def bulk_export_begin(*, name: str, task_name: str, at_once: int = 1, since: datetime | None = None) -> "BulkExport":
    """Return a new bulk export, or the one that an earlier run with that name began."""
    marked = Task.objects.filter(name=task_name, **{f"params__{NAME_PARAM}": name})
    begun = marked.aggregate(first=Min("created_at"))["first"]
    return BulkExport(name, task_name, at_once, since or begun or timezone.now())


@dataclass
class BulkExport:
    """One pass through the members, each of them once. It launches their exports; workers build them."""

    name: str
    task_name: str
    at_once: int
    """How many exports wait in the queue at a time."""
    since: datetime
    """Members whose export has succeeded since then are skipped."""
    waiting: set[UUID] = field(default_factory=set)
    """The ids of the tasks that have not ended."""
    ended: Counter[str] = field(default_factory=Counter)
    """Status -> how many tasks ended in it."""
    reasons: Counter[str] = field(default_factory=Counter)
    """Reason -> how many tasks failed for it."""
    last_member: int = 0
    """The id of the last member whose export was launched."""

    def members(self) -> QuerySet[User]:
        """Return the members it is for: all who can sign in."""
        return User.objects.filter(is_active=True)

    def members_left(self) -> QuerySet[User]:
        """Return the members who have no export yet."""
        done = Task.objects.filter(user=OuterRef("pk"), name=self.task_name, status=TaskStatus.SUCCEEDED)
        return self.members().filter(~Exists(done.filter(ended_at__gte=self.since)))

    def archives(self) -> ArchiveQuerySet:
        """Return the archives made so far."""
        return Archive.objects.filter(task__name=self.task_name, task__params__campaign=self.name)

    def step(self) -> bool:
        """Count the tasks that ended, and launch as many as the limit allows; return False when all have ended.

        Raises QueueUnavailableError; the next step then continues with the same member.
        """
        self._count_ended()
        while len(self.waiting) < self.at_once:
            member = self.members_left().filter(pk__gt=self.last_member).order_by("pk").first()
            if member is None:
                return bool(self.waiting)
            self._launch(member)
        return True

    def _count_ended(self) -> None:
        rows = Task.objects.filter(pk__in=self.waiting).values_list("pk", "status", "error")
        found = {pk: (status, error) for pk, status, error in rows}
        for pk in list(self.waiting):
            status, error = found.get(pk, (TaskStatus.CANCELLED, ""))  # without a row, the member was deleted
            if status not in ACTIVE:
                self.waiting.remove(pk)
                self.ended[status] += 1
            if status == TaskStatus.FAILED:
                self.reasons[error] += 1

    def _launch(self, member: User) -> None:
        """Launch the member's export, or wait for the one that is in progress."""
        queue_probe()  # without a queue server, the member would get a failed export and an alert
        try:
            task = task_launch(user=member, name=self.task_name, params={NAME_PARAM: self.name}, by_staff=True)
        except AccountClosedError:  # just now: the next query leaves them out
            return
        except TaskAlreadyActiveError:
            active = Task.objects.active().filter(user=member, name=self.task_name).first()
            if active is None:  # it has just ended: the next query shows how
                return
            task = active
        if task.status == TaskStatus.FAILED:
            raise QueueUnavailableError(task.error)
        self.waiting.add(task.pk)
        self.last_member = member.pk
