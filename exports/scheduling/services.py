"""What changes a member's schedule: the member, the outcome of its exports, and another time zone."""

from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.dispatch import receiver
from django.utils import timezone

from accounts.models import User
from accounts.settings.preferences import zone_of
from accounts.settings.time_zones import time_zone_changed
from exports.models import Archive, Schedule
from exports.models.schedule import ScheduleStatus, is_scheduled
from exports.scheduling.calendar import Frequency
from tasks.models import Task
from tasks.models.event import Reason

MAX_FAILURES = 3  # in a row


def schedule_zone(user: User) -> ZoneInfo:
    """Return the time zone of the member's schedule: theirs, or the site's if none is known."""
    return zone_of(user) or timezone.get_default_timezone()


@dataclass(frozen=True)
class Plan:
    """What a member chooses for their schedule; see `Schedule`."""

    frequency: Frequency
    day: int
    hour: int
    keep: int
    parts: list[str]
    only_new: bool


def schedule_save(*, user: User, plan: Plan) -> Schedule:
    """Create or change the member's schedule, and let it run."""
    values, now = asdict(plan), timezone.now()
    with transaction.atomic():
        first = values | {"last_date": _yesterday(now, user), "next_at": now}
        schedule, is_new = Schedule.objects.select_for_update().get_or_create(user=user, defaults=first)
        for name, value in values.items():
            setattr(schedule, name, value)
        # One that waits for its turn stays due.
        is_due = not is_new and schedule.next_at is not None and schedule.next_at <= now
        _start(schedule, now, first_after=schedule.last_date if is_due else None)
    return schedule


def schedule_resume(*, user: User) -> Schedule | None:
    """Let the member's stopped or paused schedule run again; None if they have none like that."""
    with transaction.atomic():
        idle = Schedule.objects.exclude(status=ScheduleStatus.ACTIVE)
        schedule = idle.select_for_update().filter(user=user).first()
        if schedule:
            _start(schedule, timezone.now())
        return schedule


def schedule_stop(*, user: User) -> bool:
    """Stop the member's schedule; return False if it isn't running. Its files expire as any others."""
    return bool(Schedule.objects.active().filter(user=user).update(**_idle(ScheduleStatus.STOPPED)))


def _idle(status: ScheduleStatus) -> dict[str, Any]:
    return {"status": status, "status_at": timezone.now(), "next_at": None}


def _start(schedule: Schedule, now: datetime, *, first_after: date | None = None) -> None:
    """Plan the first date whose moment is still to come, as what a stopped schedule has missed stays missed.

    Or plan the first one after `first_after`, whether its moment has come or not.
    """
    zone = schedule_zone(schedule.user)
    schedule.plan(first_after or max(schedule.last_date, _yesterday(now, schedule.user)), zone)
    if not first_after and schedule.next_at and schedule.next_at <= now:
        schedule.plan(schedule.next_date, zone)
    if schedule.status != ScheduleStatus.ACTIVE:
        schedule.status, schedule.status_at = ScheduleStatus.ACTIVE, now
    schedule.failures = 0
    schedule.save()
    extend_files(schedule)


def _yesterday(now: datetime, user: User) -> date:
    return timezone.localdate(now, schedule_zone(user)) - timedelta(days=1)


def schedule_advance(schedule: Schedule) -> bool:
    """Plan the export after the one that is due; return False if another process has done so.

    All dates until today are done: a site that was down for a week runs one export, not seven.
    """
    zone, due_at = schedule_zone(schedule.user), schedule.next_at
    schedule.plan(max(schedule.next_date, timezone.localdate(timezone=zone)), zone)
    changes = {"last_date": schedule.last_date, "next_at": schedule.next_at}
    if not Schedule.objects.filter(pk=schedule.pk, next_at=due_at).update(**changes):
        return False
    extend_files(schedule)
    return True


def extend_files(schedule: Schedule) -> None:
    """Keep the schedule's files until EXPORT_RETENTION_DAYS after its next export is due, if not longer already."""
    if schedule.next_at:
        expires_at = schedule.next_at + timedelta(days=settings.EXPORT_RETENTION_DAYS)
        files = Archive.objects.available().filter(user=schedule.user_id, is_scheduled=True)
        files.filter(expires_at__lt=expires_at).update(expires_at=expires_at)


def schedule_succeeded(task: Task) -> None:
    """End the count of failures, and keep the new file, in the success's transaction."""
    schedules = Schedule.objects.filter(user=task.user_id)
    for schedule in schedules if is_scheduled(task) else ():
        schedules.update(failures=0)
        extend_files(schedule)


def schedule_failed(task: Task) -> None:
    """Count a failure, in its transaction; pause the schedule at MAX_FAILURES. The member's own retries don't count."""
    if not is_scheduled(task) or task.events.filter(reason=Reason.RETRIED).exists():
        return
    active = Schedule.objects.active().filter(user=task.user_id)
    active.update(failures=F("failures") + 1)
    active.filter(failures__gte=MAX_FAILURES).update(**_idle(ScheduleStatus.PAUSED))


@receiver(time_zone_changed)
def schedule_move(*, user: User, **_signal: Any) -> None:
    """Move the next export to its hour in the member's new time zone; its date stays."""
    with transaction.atomic():
        schedule = Schedule.objects.active().select_for_update().filter(user=user).first()
        if schedule:
            schedule.plan(schedule.last_date, schedule_zone(user))
            Schedule.objects.filter(pk=schedule.pk).update(next_at=schedule.next_at)
