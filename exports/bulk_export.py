"""An export for every member, as when a site closes: a few at a time, and going on where an earlier run stopped."""

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

MARK = "campaign"
"""Under this key a task's parameters tell which campaign it belongs to."""


@dataclass(frozen=True)
class Campaign:
    """What every member is to have."""

    name: str
    task_name: str
    since: datetime
    """Whose export has succeeded since then has it."""

    def members(self) -> QuerySet[User]:
        """Return those who are to have it: whoever can sign in."""
        return User.objects.filter(is_active=True)

    def members_left(self) -> QuerySet[User]:
        """Return those who do not have it yet."""
        done = Task.objects.filter(user=OuterRef("pk"), name=self.task_name, status=TaskStatus.SUCCEEDED)
        return self.members().filter(~Exists(done.filter(ended_at__gte=self.since)))

    def archives(self) -> ArchiveQuerySet:
        """Return what the campaign has made."""
        return Archive.objects.filter(task__name=self.task_name, task__params__campaign=self.name)


def campaign_begin(*, name: str, task_name: str, since: datetime | None = None) -> Campaign:
    """Return the campaign: a new one, or the one that an earlier run of that name began."""
    marked = Task.objects.filter(name=task_name, **{f"params__{MARK}": name})
    begun = marked.aggregate(first=Min("created_at"))["first"]
    return Campaign(name, task_name, since or begun or timezone.now())


class CampaignRun:
    """One run through the members who are left, each of them once. Workers do the work; this only hands it out."""

    def __init__(self, campaign: Campaign, *, at_once: int) -> None:
        self._campaign = campaign
        self._at_once = at_once
        self._last = 0  # the id of the last member who was looked at
        self.waiting: set[UUID] = set()
        """The ids of the tasks that are not over."""
        self.ended: Counter[str] = Counter()
        """How many ended in which status."""
        self.reasons: Counter[str] = Counter()
        """How many failed for which reason."""

    def step(self) -> bool:
        """Note what is over, and launch as many as there is room for; return False at the end of all.

        Raises QueueUnavailableError: then nobody is passed over.
        """
        self._settle()
        while len(self.waiting) < self._at_once:
            member = self._campaign.members_left().filter(pk__gt=self._last).order_by("pk").first()
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
        """Start the member's export, or wait with them for the one that is at work already."""
        queue_probe()  # else they would get a failed export, and an alert
        try:
            params = {MARK: self._campaign.name}
            task = task_launch(user=member, name=self._campaign.task_name, params=params, by_staff=True)
        except AccountClosedError:  # just now: the next look leaves them out
            return
        except TaskAlreadyActiveError:
            active = Task.objects.active().filter(user=member, name=self._campaign.task_name).first()
            if active is None:  # it has ended just now: the next look tells how
                return
            task = active
        if task.status == TaskStatus.FAILED:
            raise QueueUnavailableError(task.error)
        self.waiting.add(task.pk)
        self._last = member.pk
