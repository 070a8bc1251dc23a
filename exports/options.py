"""The kinds of export that a member can request, and whether each can be started."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts.member_data import Part
from accounts.models import User
from exports.export_job import ExportJob, export_jobs, export_names
from tasks.models import Task
from tasks.registry import task_is_known
from tasks.services.cooldown import next_starts

OVERLAP = timedelta(minutes=5)
"""Exports of new posts begin this much earlier: a post of that time may have been saved after the last export."""


@dataclass(frozen=True)
class ExportOption:
    """One kind of export, as the member's page shows it."""

    job: type[ExportJob]
    active: Task | None
    """The member's export of this kind that is waiting or running."""
    next_at: datetime | None
    """When the member can start it again, if they have to wait."""

    @property
    def is_open(self) -> bool:
        """Return whether it can be started now."""
        return self.active is None and self.next_at is None


def export_options(user: User) -> dict[str, ExportOption]:
    """Return every kind of export by its name in `POST /exports/`."""
    jobs = export_jobs()
    active = {task.name: task for task in Task.objects.active().filter(user=user, name__in=export_names())}
    waiting = next_starts(user=user, jobs=jobs.values())
    return {
        kind: ExportOption(job, active=active.get(job.name), next_at=waiting.get(job.name))
        for kind, job in jobs.items()
    }


def covered_until(user: User, job: type[ExportJob]) -> datetime | None:
    """Return the moment up to which the member's exports of this kind hold every post; None without one.

    An export of what is new continues the one before it. One of some dates can leave a gap, and then doesn't count.
    """
    covered: datetime | None = None
    made = user.archives.filter(task__name=job.name).select_related("task").order_by("snapshot_at")
    for archive in filter(lambda archive: task_is_known(archive.task), made):
        choice = archive.choice
        end = min(choice.until or archive.snapshot_at, archive.snapshot_at)
        is_continued = choice.since is None or (covered and choice.since <= covered)
        if Part.POSTS in choice.parts and is_continued:
            covered = max(covered or end, end)
    return covered
