"""Regular work: launch the scheduled exports that are due."""

import logging
from dataclasses import replace
from datetime import timedelta

from allauth.account.models import EmailAddress
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from accounts.member_data import Part
from core.periodic import periodic
from exports.choice import ArchiveChoice
from exports.jobs import ArchiveExport
from exports.models import Schedule
from exports.models.schedule import SCHEDULED_FOR, ScheduleQuerySet
from exports.options import OVERLAP, covered_until
from exports.scheduling.services import schedule_advance
from tasks.models import Task, TaskQueue, TaskStatus
from tasks.models.pause import queue_is_paused
from tasks.queue.client import QueueUnavailableError, queue_probe
from tasks.services.launch import AccountClosedError, TaskAlreadyActiveError, task_launch

logger = logging.getLogger(__name__)

MAX_WAITING = 20
"""Scheduled exports that wait in the queue at a time."""
RETRY_AFTER = timedelta(minutes=10)
"""When to retry a schedule that could not be launched."""


@periodic(frequent=True)
def schedules_launch() -> int:
    """Launch the exports that are due, the one due longest first; return their number.

    Many more may be due than workers can export: the others wait in their own table, and the next call continues.
    """
    if queue_is_paused(TaskQueue.LARGE):
        return 0
    free = MAX_WAITING - scheduled_waiting()
    count = 0
    for pk in schedules_due().values_list("pk", flat=True)[: max(0, free)]:
        try:
            queue_probe()  # without a queue server, the member would get a failed export
            count += schedule_launch(pk)
        except QueueUnavailableError:
            break
        except Exception:  # MAX_WAITING broken ones would keep all others waiting
            logger.exception("Schedule %s could not be launched", pk)
            Schedule.objects.active().filter(pk=pk).update(next_at=timezone.now() + RETRY_AFTER)
    return count


def scheduled_waiting() -> int:
    """Return how many scheduled exports wait for a worker."""
    queued = Task.objects.filter(status=TaskStatus.QUEUED, name=ArchiveExport.name, params__has_key=SCHEDULED_FOR)
    return queued.count()


def schedules_due() -> ScheduleQuerySet:
    """Return the schedules that are due, the one due longest first.

    Their members can sign in, and have no export in progress: a schedule that is due then waits for its end.
    """
    confirmed = EmailAddress.objects.filter(user=OuterRef("user"), verified=True)
    in_progress = Task.objects.active().filter(user=OuterRef("user"), name=ArchiveExport.name)
    due = Schedule.objects.active().filter(next_at__lte=timezone.now(), user__is_active=True)
    return due.filter(Exists(confirmed), ~Exists(in_progress)).order_by("next_at", "pk")


def schedule_choice(schedule: Schedule) -> ArchiveChoice:
    """Return what the schedule's next export holds."""
    until = covered_until(schedule.user, ArchiveExport) if schedule.only_new else None
    if not until or Part.POSTS not in schedule.choice.parts:
        return schedule.choice
    return replace(schedule.choice, since=until - OVERLAP)


def schedule_launch(pk: int) -> bool:
    """Launch the schedule's export if it is still due, and no other process is launching it.

    Task and next date are written in one transaction, so each due moment has exactly one task.
    """
    try:
        with transaction.atomic():
            rows = schedules_due().select_for_update(skip_locked=True, of=("self",))
            schedule = rows.select_related("user").filter(pk=pk).first()
            if not schedule or not schedule_advance(schedule):
                return False
            params = {SCHEDULED_FOR: schedule.last_date.isoformat(), **schedule_choice(schedule).as_params()}
            task_launch(user=schedule.user, name=ArchiveExport.name, params=params, by_staff=True)
    except (AccountClosedError, TaskAlreadyActiveError):  # just now
        return False
    return True
