"""Members' schedules, due every few seconds instead of weekly, and what must have come of each due moment."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from email.message import EmailMessage
from random import Random
from threading import Event, Thread
from uuid import UUID

from django.db import connection
from django.utils import timezone

from accounts.member_data import Part
from accounts.models import User
from e2e.chaos.checks import FAILURE_ID
from e2e.chaos.outages import outage_ignored
from exports.models import Archive, FailureEmail, Schedule
from exports.models.schedule import SCHEDULED_FOR, ScheduleStatus
from exports.scheduling.calendar import Frequency
from exports.scheduling.services import MAX_FAILURES, Plan, schedule_resume, schedule_save
from tasks.models import Task, TaskStatus
from tasks.models.event import Reason
from tasks.models.task import TaskQuerySet

KEEP = 2
PLAN = Plan(Frequency.WEEKLY, day=0, hour=3, keep=KEEP, parts=list(Part), only_new=False)
BECOMES_DUE = 0.3
"""How probable it is in a turn."""

Moment = tuple[int, str]
"""A member's key, and the local date, in ISO 8601, which no other due moment of theirs has."""


class Timetable(Thread):
    """Brings the next moment of each schedule forward again and again, and resumes those that were paused."""

    def __init__(self, usernames: Collection[str], *, pause: float, seed: int) -> None:
        """Make the schedules."""
        super().__init__(name="timetable", daemon=True)
        self.usernames = usernames
        self.due: set[Moment] = set()
        self.tried: set[Moment] = set()  # with those that the database may have lost as it was killed
        self.pausing: set[UUID] = set()  # the failed exports that paused a schedule
        self._pause = pause
        self._random = Random(f"{seed} timetable")
        self._is_leaving = Event()
        for user in User.objects.filter(username__in=usernames):
            schedule_save(user=user, plan=PLAN)

    def run(self) -> None:
        """Look at each schedule, and again after whatever happens."""
        while not self._is_leaving.wait(self._pause):
            with outage_ignored():
                self.turn()
        connection.close()

    def leave(self) -> None:
        """Make nothing due any more."""
        self._is_leaving.set()
        self.join()

    def turn(self) -> None:
        """Make some of the schedules due; resume one once its member has been emailed."""
        for schedule in Schedule.objects.select_related("user"):
            if schedule.status == ScheduleStatus.PAUSED:
                self._note_pause(schedule)
                if not self._is_email_due(schedule):
                    schedule_resume(user=schedule.user)
            elif self._random.random() < BECOMES_DUE:
                self._make_due(schedule)

    def note_pauses(self) -> None:
        """Note the failures that paused the schedules which are paused."""
        for schedule in Schedule.objects.filter(status=ScheduleStatus.PAUSED):
            self._note_pause(schedule)

    def _note_pause(self, schedule: Schedule) -> None:
        failed = launched().filter(user=schedule.user_id, status=TaskStatus.FAILED).order_by("-ended_at")
        self.pausing |= set(failed.values_list("pk", flat=True)[:1])

    def _make_due(self, schedule: Schedule) -> None:
        """Let the next export be due now, half of them after so many failures that another one pauses the schedule.

        While one is in progress, none is due: a failure that pauses the schedule would call it off.
        """
        if launched().active().filter(user=schedule.user_id).exists():
            return
        now, failures = timezone.now(), self._random.choice([0, MAX_FAILURES - 1])
        moment = (schedule.user_id, schedule.next_date.isoformat())
        self.tried.add(moment)
        not_due = Schedule.objects.filter(pk=schedule.pk, next_at=schedule.next_at, next_at__gt=now)
        if not_due.update(next_at=now, failures=failures):
            self.due.add(moment)

    def _is_email_due(self, schedule: Schedule) -> bool:
        return FailureEmail.objects.filter(task__user=schedule.user_id, mail_due_at__isnull=False).exists()


def launched() -> TaskQuerySet:
    """Return the exports that schedules launched, without the members' retries of them."""
    return Task.objects.filter(params__has_key=SCHEDULED_FOR).exclude(events__reason=Reason.RETRIED)


def is_any_due() -> bool:
    """Return whether an export waits to be launched."""
    return Schedule.objects.active().filter(next_at__lte=timezone.now()).exists()


def too_many_kept() -> list[str]:
    """Return the members with more files than their schedule keeps."""
    kept = Archive.objects.kept().filter(is_scheduled=True)
    counts = Counter(kept.values_list("user__username", flat=True))
    return [f"{username} has {count} scheduled files, not {KEEP}" for username, count in counts.items() if count > KEEP]


def moments_ran_once(timetable: Timetable) -> Iterator[str]:
    """Each due moment launched one export, and nothing else did."""
    found = Counter((user_id, params[SCHEDULED_FOR]) for user_id, params in launched().values_list("user", "params"))
    for user_id, date in timetable.due - found.keys():
        yield f"Member {user_id}: nothing was launched for {date}"
    for user_id, date in found.keys() - timetable.tried:
        yield f"Member {user_id}: an export was launched for {date}, which was not due"
    for (user_id, date), count in found.items():
        if count > 1:
            yield f"Member {user_id}: {count} exports were launched for {date}"


def failures_were_told(timetable: Timetable, mails: Iterable[tuple[EmailMessage, list[str]]]) -> Iterator[str]:
    """Each failure was emailed, or followed by another export; one that paused its schedule was emailed in any case."""
    found = (FAILURE_ID.fullmatch(str(message["Message-ID"])) for message, _recipients in mails)
    told = {match[1] for match in found if match}
    for task in launched().filter(status=TaskStatus.FAILED):
        later = Task.objects.filter(user=task.user_id, name=task.name, created_at__gt=task.created_at)
        if str(task.pk) not in told and (task.pk in timetable.pausing or not later.exists()):
            yield f"The failure of task {task.pk} was never mailed"
