"""Which exports a member can start now, and why not the others."""

from dataclasses import dataclass
from datetime import datetime

from accounts.models import User
from exports.export_job import ExportJob, export_jobs
from tasks.models import Task
from tasks.services.cooldown import next_starts


@dataclass(frozen=True)
class ExportOption:
    """One kind of export, as it is offered to a member."""

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
    """Return every kind of export by what `POST /exports/` takes."""
    jobs = export_jobs()
    names = [job.name for job in jobs.values()]
    active = {task.name: task for task in Task.objects.active().filter(user=user, name__in=names)}
    waiting = next_starts(user=user, jobs=jobs.values())
    return {
        kind: ExportOption(job, active=active.get(job.name), next_at=waiting.get(job.name))
        for kind, job in jobs.items()
    }
