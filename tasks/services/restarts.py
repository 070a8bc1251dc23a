"""Why an export begins again: what its member is told when the progress falls."""

from django.utils.translation import gettext as _

from tasks.models import Task, TaskStatus
from tasks.models.event import Reason

RESUMPTIONS = (Reason.INTERRUPTED, Reason.QUEUE_PAUSED, Reason.SLICE_OVER)
RESTARTS = (Reason.WORKER_LOST, Reason.RELEASED, Reason.ERRORED, *RESUMPTIONS)


def task_restart_reason(task: Task) -> str:
    """Return why the attempt before this one ended early (a `Reason`); "" for the first, and when it is over."""
    is_first = task.attempt <= (1 if task.status == TaskStatus.RUNNING else 0)
    if is_first or not task.is_active:
        return ""
    event = task.events.filter(reason__in=RESTARTS).last()
    return event.reason if event else ""


def restart_text(reason: str, *, attempt: int) -> str:
    """Return the sentence for the member in the active language; empty for a reason that only newer code knows."""
    texts = {
        Reason.WORKER_LOST.value: _("A worker stopped, so we're starting again: attempt %(attempt)d."),
        Reason.RELEASED.value: _("The worker was restarted, so we're starting again: attempt %(attempt)d."),
        Reason.ERRORED.value: _("The last attempt failed, so we're trying again: attempt %(attempt)d."),
        **{interruption.value: _("This continues where it stopped.") for interruption in RESUMPTIONS},
    }
    return texts.get(reason, "") % {"attempt": attempt}
