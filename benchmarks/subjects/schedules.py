"""A worker's turn at the scheduled exports: what it takes to find and launch 20 of the 100,000 that are due.

The same turn with only those 20 due is the yardstick. Each turn writes, for each launch, what a click does, and the
schedule's next date. Also, how long a member's own export waits while a worker exports what is due.
"""

import statistics
import time
from collections.abc import Iterator
from datetime import timedelta

import django_rq
from allauth.account.models import EmailAddress
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.member_data import Part
from accounts.models import User
from benchmarks.bench import Bench
from benchmarks.exporting import TIMEOUT
from benchmarks.figures import Figure, compared, seconds
from benchmarks.servers import worker
from exports.models import Schedule
from exports.periodic import MAX_WAITING, schedules_launch
from notifications.models import Notification
from tasks.models import Task
from tasks.queue.client import LARGE_QUEUE_NAME
from tasks.services.launch import task_launch
from tests.members import make_member
from tests.waiting import wait_until

MEMBERS, MEMBERS_IN_HASTE = 100_000, 2_000
ROUNDS = 20
LIMIT = 2.0
QUERIES_LIMIT = 25  # for each launch
WAIT_LIMIT = 10.0  # seconds, with a single worker, which also launches the scheduled ones
WAITS = 10


def measure(bench: Bench) -> Iterator[Figure]:
    """Give very many members a schedule, and let them be due."""
    number = MEMBERS_IN_HASTE if bench.quick else MEMBERS
    make_schedules(number)
    rounds = bench.rounds(ROUNDS)
    idle = [turn(due=0) for _ in range(rounds)]
    few = [turn(due=MAX_WAITING) for _ in range(rounds)]
    all_due()
    many = [turn(due=None) for _ in range(rounds)]
    name = f"schedules: launch {MAX_WAITING} of {number:,} that are due"
    what = f"only {MAX_WAITING} due"
    yield compared(name, bench.database, ours=many, yardstick=few, what=what, limit=LIMIT)
    yield Figure("schedules: a turn when none is due", bench.database, seconds(statistics.median(idle)))
    with CaptureQueriesContext(connection) as queries:
        turn(due=None)
    each = len(queries) / MAX_WAITING
    yield Figure("schedules: queries for each launch", bench.database, f"{each:.1f}", value=each, limit=QUERIES_LIMIT)
    yield from own_exports(bench)


def make_schedules(number: int) -> None:
    """Create so many members with a confirmed address and a schedule whose time has not come."""
    User.objects.bulk_create(
        (User(username=f"scheduled{n}", email=f"scheduled{n}@bench.example") for n in range(number)), batch_size=2_000
    )
    members = list(User.objects.filter(username__startswith="scheduled").values_list("pk", "email"))
    EmailAddress.objects.bulk_create(
        (EmailAddress(user_id=pk, email=email, verified=True, primary=True) for pk, email in members), batch_size=2_000
    )
    now = timezone.now()
    facts = {"frequency": "weekly", "day": 0, "hour": 3, "keep": 1, "parts": Part.values, "last_date": now.date()}
    Schedule.objects.bulk_create(
        (Schedule(user_id=pk, next_at=now + timedelta(days=7), **facts) for pk, _email in members), batch_size=2_000
    )
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


def all_due() -> None:
    """Let all be due in the same minute."""
    Schedule.objects.update(next_at=timezone.now() - timedelta(minutes=1))


def turn(*, due: int | None) -> float:
    """Return the seconds of a turn with so many due, None for those that are; take back what it launched."""
    if due is not None:
        pks = Schedule.objects.order_by("pk").values("pk")[:due]
        Schedule.objects.filter(pk__in=list(pks.values_list("pk", flat=True))).update(next_at=timezone.now())
    started = time.perf_counter()
    launched = schedules_launch()
    elapsed = time.perf_counter() - started
    if launched != (MAX_WAITING if due is None else due):
        raise RuntimeError(f"{launched} exports were launched.")
    Task.objects.all().delete()
    Notification.objects.all().delete()
    django_rq.get_queue(LARGE_QUEUE_NAME).empty()
    return elapsed


def own_exports(bench: Bench) -> Iterator[Figure]:
    """Yield how long a member's own export waits while very many scheduled ones are due."""
    member = make_member("in-a-hurry")
    waits = []
    with worker(bench):
        wait_until(lambda: Task.objects.filter(status="succeeded").exists(), TIMEOUT, what="The first export")
        for _ in range(bench.rounds(WAITS)):
            task = task_launch(user=member, name="export_posts")
            wait_until(lambda: not Task.objects.active().filter(user=member).exists(), TIMEOUT, what="The own export")
            task.refresh_from_db()
            assert task.started_at
            waits.append((task.started_at - task.queued_at).total_seconds())
    longest = max(waits)
    name = "schedules: longest wait of a member's own export meanwhile, one worker"
    yield Figure(name, bench.database, seconds(longest), value=longest, unit=" s", limit=WAIT_LIMIT)
