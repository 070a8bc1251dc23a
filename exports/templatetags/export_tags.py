"""Template tags about exports."""

from django import template
from django.utils.translation import pgettext_lazy

from exports.export_job import READY
from exports.models.archive import Removal
from exports.options import export_options
from exports.scheduling.texts import schedule_in_words
from tasks.job import DONE, OUTCOMES, Outcome
from tasks.models import Task, TaskStatus

EXPIRED = Outcome(pgettext_lazy("export", "Expired"), "text-bg-secondary")
BY_REMOVAL = {
    "": EXPIRED,  # the next cleanup removes the file
    Removal.EXPIRED: EXPIRED,
    Removal.DELETED: Outcome(pgettext_lazy("export", "Deleted"), "text-bg-secondary"),
    Removal.REPLACED: Outcome(pgettext_lazy("export", "Replaced"), "text-bg-secondary"),
    Removal.LOST: Outcome(pgettext_lazy("export", "Lost"), "text-bg-danger"),
}

register = template.Library()
register.simple_tag(export_options)
register.filter("schedule_in_words", schedule_in_words)


@register.filter
def outcome(task: Task) -> Outcome:
    """Return what became of an export; of a finished one, what became of its file."""
    if task.status != TaskStatus.SUCCEEDED:
        return OUTCOMES[TaskStatus(task.status)]
    if not hasattr(task, "archive"):
        return DONE
    return READY if task.archive.is_available else BY_REMOVAL[task.archive.removal]
