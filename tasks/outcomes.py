"""What has become of a task, in the words that people use."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

from tasks.models import TaskStatus


@dataclass(frozen=True)
class Outcome:
    """One word for it, and the look of its badge."""

    label: str | Promise
    badge: str
    """A CSS class."""


DONE = Outcome(pgettext_lazy("export", "Done"), "text-bg-success")
BY_STATUS = {
    TaskStatus.QUEUED: Outcome(pgettext_lazy("export", "Waiting"), "text-bg-warning"),
    TaskStatus.RUNNING: Outcome(pgettext_lazy("export", "In progress"), "text-bg-primary"),
    TaskStatus.FAILED: Outcome(pgettext_lazy("export", "Failed"), "text-bg-danger"),
    TaskStatus.CANCELLED: Outcome(pgettext_lazy("export", "Cancelled"), "text-bg-secondary"),
}
