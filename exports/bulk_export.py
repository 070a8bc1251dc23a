"""An export for every member, for example before a site closes: a few at a time, and resumed by a second run."""

from collections import Counter
from dataclasses import dataclass
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


@dataclass(frozen=True)
class BulkExport:
    """One kind of export, for every member."""

    name: str
    task_name: str
    since: datetime
    """Members whose export has succeeded since then have theirs."""

    def members(self) -> QuerySet[User]:
        """Return the members it is for: all who can sign in."""
        return User.objects.filter(is_active=True)

    def members_left(self) -> QuerySet[User]:
        """Return the members whose export is still to be made."""
        done = Task.objects.filter(user=OuterRef("pk"), name=self.task_name, status=TaskStatus.SUCCEEDED)
        return self.members().filter(~Exists(done.filter(ended_at__gte=self.since)))

    def archives(self) -> ArchiveQuerySet:
        """Return the archives made so far."""
        return Archive.objects.filter(task__name=self.task_name, task__params__campaign=self.name)


def bulk_export_begin(*, name: str, task_name: str, since: datetime | None = None) -> BulkExport:
    """Return a new bulk export, or the one that an earlier run with that name began."""
    marked = Task.objects.filter(name=task_name, **{f"params__{NAME_PARAM}": name})
    begun = marked.aggregate(first=Min("created_at"))["first"]
    return BulkExport(name, task_name, since or begun or timezone.now())


class BulkExportRun:
    """One pass through the remaining members, each of them once. Workers build the exports; this launches them."""

    def __init__(self, bulk_export: BulkExport, *, at_once: int) -> None:
        self._bulk_export = bulk_export
        self._at_once = at_once
        self._last = 0  # the id of the last member whose export was launched
        self.waiting: set[UUID] = set()
        """The ids of the tasks that have not ended."""
        self.ended: Counter[str] = Counter()
        """Status -> how many tasks ended in it."""
        self.reasons: Counter[str] = Counter()
        """Reason -> how many tasks failed for it."""

    def step(self) -> bool:
        """Count the tasks that ended, and launch as many as the limit allows; return False when all are done.

        Raises QueueUnavailableError; the next step then continues with the same member.
        """
        self._settle()
        while len(self.waiting) < self._at_once:
            member = self._bulk_export.members_left().filter(pk__gt=self._last).order_by("pk").first()
            if member is None:
                return bool(self.waiting)
            self._launch(member)
        return True

    def _settle(self) -> None:
        rows = dict(Task.objects.filter(pk__in=self.waiting).values_list("pk", "status"))
        for pk in list(self.waiting):
            status = rows.get(pk)  # None: the member was deleted meanwhile
            if status not in ACTIVE:
                self.waiting.remove(pk)
                self.ended[status or TaskStatus.CANCELLED] += 1
            if status == TaskStatus.FAILED:
                self.reasons[Task.objects.values_list("error", flat=True).get(pk=pk)] += 1

    def _launch(self, member: User) -> None:
        """Launch the member's export, or wait for the one that is running already."""
        queue_probe()  # without a queue server, the member would get a failed export and an alert
        try:
            params = {NAME_PARAM: self._bulk_export.name}
            task = task_launch(user=member, name=self._bulk_export.task_name, params=params, by_staff=True)
        except AccountClosedError:  # just now: the next query leaves them out
            return
        except TaskAlreadyActiveError:
            active = Task.objects.active().filter(user=member, name=self._bulk_export.task_name).first()
            if active is None:  # it has just ended: the next query shows how
                return
            task = active
        if task.status == TaskStatus.FAILED:
            raise QueueUnavailableError(task.error)
        self.waiting.add(task.pk)
        self._last = member.pk
