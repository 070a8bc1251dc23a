"""What templates may ask about exports."""

from django import template
from django.utils.translation import pgettext_lazy

from accounts.models import User
from exports.export_job import READY
from exports.models.archive import Removal
from exports.options import ExportOption
from exports.options import export_options as options_of
from tasks.models import Task, TaskStatus
from tasks.outcomes import BY_STATUS, DONE, Outcome

EXPIRED = Outcome(pgettext_lazy("export", "Expired"), "text-bg-secondary")
BY_REMOVAL = {
    "": EXPIRED,  # the next cleanup removes the file
    Removal.EXPIRED: EXPIRED,
    Removal.DELETED: Outcome(pgettext_lazy("export", "Deleted"), "text-bg-secondary"),
    Removal.REPLACED: Outcome(pgettext_lazy("export", "Replaced"), "text-bg-secondary"),
    Removal.LOST: Outcome(pgettext_lazy("export", "Lost"), "text-bg-danger"),
}

register = template.Library()


@register.simple_tag
def export_options(user: User) -> dict[str, ExportOption]:
    """Return the kinds of export, each with whether the member can start it now."""
    return options_of(user)


@register.filter
def outcome(task: Task) -> Outcome:
    """Return what became of an export; of a finished one, what became of its file."""
    if task.status != TaskStatus.SUCCEEDED:
        return BY_STATUS[TaskStatus(task.status)]
    if not hasattr(task, "archive"):
        return DONE
    return READY if task.archive.is_available else BY_REMOVAL[task.archive.removal]
