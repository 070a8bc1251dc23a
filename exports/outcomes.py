"""What has become of a member's export, in the words that people use."""

from django.utils.translation import pgettext_lazy

from exports.models.archive import Removal
from tasks.models import Task, TaskStatus
from tasks.outcomes import BY_STATUS, DONE, Outcome

READY = Outcome(pgettext_lazy("export", "Ready"), "text-bg-success")
EXPIRED = Outcome(pgettext_lazy("export", "Expired"), "text-bg-secondary")
BY_REMOVAL = {
    Removal.DELETED: Outcome(pgettext_lazy("export", "Deleted"), "text-bg-secondary"),
    Removal.REPLACED: Outcome(pgettext_lazy("export", "Replaced"), "text-bg-secondary"),
    Removal.LOST: Outcome(pgettext_lazy("export", "Lost"), "text-bg-danger"),
}


def export_outcome(task: Task) -> Outcome:
    """Return what has become of an export; of a finished one, what has become of its file."""
    if task.status != TaskStatus.SUCCEEDED:
        return BY_STATUS[TaskStatus(task.status)]
    if not hasattr(task, "archive"):
        return DONE
    return READY if task.archive.is_available else BY_REMOVAL.get(Removal(task.archive.removal or "expired"), EXPIRED)
