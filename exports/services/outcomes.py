"""What has become of a member's export, in the words that people use."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

from exports.models import Task, TaskStatus
from exports.models.archive import Removal


@dataclass(frozen=True)
class Outcome:
    """One word for it, and the look of its badge."""

    label: str | Promise
    badge: str
    """A CSS class."""


READY = Outcome(pgettext_lazy("export", "Ready"), "text-bg-success")
DONE = Outcome(pgettext_lazy("export", "Done"), "text-bg-success")
EXPIRED = Outcome(pgettext_lazy("export", "Expired"), "text-bg-secondary")
BY_STATUS = {
    TaskStatus.QUEUED: Outcome(pgettext_lazy("export", "Waiting"), "text-bg-warning"),
    TaskStatus.RUNNING: Outcome(pgettext_lazy("export", "In progress"), "text-bg-primary"),
    TaskStatus.FAILED: Outcome(pgettext_lazy("export", "Failed"), "text-bg-danger"),
    TaskStatus.CANCELLED: Outcome(pgettext_lazy("export", "Cancelled"), "text-bg-secondary"),
}
BY_REMOVAL = {
    Removal.DELETED: Outcome(pgettext_lazy("export", "Deleted"), "text-bg-secondary"),
    Removal.REPLACED: Outcome(pgettext_lazy("export", "Replaced"), "text-bg-secondary"),
    Removal.LOST: Outcome(pgettext_lazy("export", "Lost"), "text-bg-danger"),
}


def task_outcome(task: Task) -> Outcome:
    """Return what has become of an export; of a finished one, what has become of its file."""
    if task.status != TaskStatus.SUCCEEDED:
        return BY_STATUS[TaskStatus(task.status)]
    if not hasattr(task, "archive"):
        return DONE
    return READY if task.archive.is_available else BY_REMOVAL.get(Removal(task.archive.removal or "expired"), EXPIRED)
