"""The history of a task: written with each transition, shown to staff, and why a member sees the task restart."""

from datetime import datetime
from operator import attrgetter

from django.utils.translation import gettext as _

from accounts.models import User
from tasks.models import Task, TaskEvent, TaskStatus
from tasks.models.event import ActorType, Reason
from tasks.services.counters import event_count

RESUMPTIONS = (Reason.INTERRUPTED, Reason.QUEUE_PAUSED, Reason.SLICE_OVER)
RESTARTS = (Reason.WORKER_LOST, Reason.RELEASED, Reason.ERRORED, *RESUMPTIONS)


def event_record(
    task: Task, *, reason: Reason, actor: User | None = None, worker: str = "", detail: str = ""
) -> TaskEvent:
    """Record what has just happened to the task, and count it; call it in the transition's transaction.

    `actor` is None if a worker or the reconciliation caused it. `worker` is the task's, unless the task has just lost
    it.
    """
    event_count(task, reason)
    by = ActorType.SYSTEM
    if actor:
        by = ActorType.MEMBER if actor.pk == task.user_id else ActorType.STAFF
    return TaskEvent.objects.create(
        task=task,
        status=task.status,
        reason=reason,
        attempt=task.attempt,
        worker=worker or task.worker,
        by=by,
        actor=actor,
        detail=detail[: TaskEvent._meta.get_field("detail").max_length],
    )


def task_history(task: Task) -> list[TaskEvent]:
    """Return what happened, the oldest first: for what code without events did, unsaved events made from the row."""
    events = list(task.events.select_related("actor"))
    derived = _derived_from_row(task, events)
    return sorted([*events, *derived], key=attrgetter("at")) if derived else events


def _derived_from_row(task: Task, events: list[TaskEvent]) -> list[TaskEvent]:
    """Return the request, the last start and the end, unless they are among the events."""
    derived = []
    if not any(event.reason in (Reason.ASKED, Reason.RETRIED) for event in events):
        derived.append(_derived(task, task.created_at, TaskStatus.QUEUED, Reason.ASKED))
    is_told = any(event.status == TaskStatus.RUNNING and event.attempt == task.attempt for event in events)
    if task.started_at and not is_told:
        derived.append(_derived(task, task.started_at, TaskStatus.RUNNING, Reason.CLAIMED))
    if task.ended_at and not any(event.status == task.status for event in events):
        derived.append(_derived(task, task.ended_at, TaskStatus(task.status), Reason(task.status)))
    return derived


def _derived(task: Task, at: datetime, status: TaskStatus, reason: Reason) -> TaskEvent:
    is_first = status == TaskStatus.QUEUED
    attempt, worker = (0, "") if is_first else (task.attempt, task.worker)
    return TaskEvent(task=task, at=at, status=status, reason=reason, attempt=attempt, worker=worker)


def task_restart_reason(task: Task) -> str:
    """Return why the attempt before this one ended early (a `Reason`); "" for the first, and when it is over."""
    is_first = task.attempt <= (1 if task.status == TaskStatus.RUNNING else 0)
    if is_first or not task.is_active:
        return ""
    event = task.events.filter(reason__in=RESTARTS).last()
    if event and task.checkpoint is not None:
        return Reason.INTERRUPTED  # however it ended, it does not begin again
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
