"""The cost of one poll, one page and one export, each measured alone, for docs/scale.md."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import redis
from django.conf import settings
from django.db import connection

from accounts.models import User
from benchmarks.load.crowd import crowd
from benchmarks.load.plan import Member, Plan
from benchmarks.load.population import as_of_now
from benchmarks.load.processes import CpuMeter
from e2e.whole_site import WholeSite
from exports.export_job import export_jobs
from exports.models import Archive
from tasks.models import Task
from tasks.services.launch import task_launch
from tests.waiting import wait_until

TIMEOUT = 300  # seconds
PAGES_A_SECOND = 20
TABLES = ("posts_post", "accounts_follow", "accounts_session", "notifications_notification", "exports_task")


@dataclass(frozen=True)
class Cost:
    """Milliseconds of processor time that one of something takes, by kind of process."""

    name: str
    number: int
    """How many were measured."""
    milliseconds: dict[str, float]

    @property
    def total(self) -> float:
        """Return the sum over all kinds."""
        return sum(self.milliseconds.values())


@dataclass(frozen=True)
class Room:
    """Bytes that one of something takes."""

    name: str
    each: float


def measure_costs(site: WholeSite, members: Sequence[Member], *, seconds: float, number: int) -> list[Cost]:
    """Measure polls and pages for so many seconds each, and so many small exports of each kind."""
    tabs = [replace(member, export="") for member in members]
    idle = _idle(site, seconds / 2)
    works = (
        ("a poll", lambda: _live(site, tabs, "poll", seconds=seconds)),
        ("a page", lambda: _live(site, tabs, "page", seconds=seconds)),
        ("a small export, posts", lambda: _export("posts", "small", members, number)),
        ("a small export, complete archive", lambda: _export("archive", "small", members, number)),
        ("a large export, posts", lambda: _export("posts", "large", members, 2)),
        ("a large export, complete archive", lambda: _export("archive", "large", members, 2)),
    )
    return [_cost(site, name, work, idle) for name, work in works]


def _idle(site: WholeSite, seconds: float) -> dict[str, float]:
    """Return the processor seconds a second that each kind takes while idle."""
    meter = CpuMeter(site)
    time.sleep(seconds)
    return {kind: used / meter.seconds for kind, used in meter.read().items()}


def _cost(site: WholeSite, name: str, work: Callable[[], int], idle: dict[str, float]) -> Cost:
    """Do the work; return what one of it took beyond what is taken anyway."""
    meter = CpuMeter(site)
    number = work()
    used = {kind: max(0.0, used - idle[kind] * meter.seconds) for kind, used in meter.read().items()}
    return Cost(name, number, {kind: 1000 * seconds / max(1, number) for kind, seconds in used.items()})


def _live(site: WholeSite, members: Sequence[Member], what: str, *, seconds: float) -> int:
    """Have members do only one thing; return how often they did."""
    is_poll = what == "poll"
    plan = Plan(site.port, as_of_now(members), seconds, polls=is_poll)
    if not is_poll:
        plan = replace(plan, read_every=len(members) / PAGES_A_SECOND)
    with crowd(plan) as there:
        return len(there.outcome().requests[what])


def _export(kind: str, size: str, members: Sequence[Member], number: int) -> int:
    """Have so many members' exports of that kind and size made and mailed; return their number."""
    names = [member.username for member in members if (member.export, member.size) == (kind, size)]
    users = User.objects.filter(username__in=names[:number])
    tasks = [task_launch(user=user, name=export_jobs()[kind].name) for user in users]
    made = Archive.objects.filter(task__in=tasks)
    wait_until(lambda: made.filter(mailed_at__isnull=False).count() == len(tasks), TIMEOUT, what="The exports")
    return len(tasks)


def measure_room() -> list[Room]:
    """Return what rows, files and jobs take, of those that are there."""
    rooms = [Room(f"a row of {table}, with indexes", _bytes_a_row(table)) for table in TABLES]
    for kind, name in ((kind, job.name) for kind, job in export_jobs().items()):
        largest = Archive.objects.filter(task__name=name).order_by("-size").first()
        if largest and largest.posts:
            rooms.append(Room(f"a post in a file ({kind})", largest.size / largest.posts))
    return [*rooms, Room("a finished job in Valkey", _bytes_a_job())]


def _bytes_a_job() -> float:
    """Return what the queue server keeps of the latest export that is over."""
    task = Task.objects.latest("ended_at")
    keys = (f"rq:job:{task.pk}", f"rq:results:{task.pk}")
    with redis.Redis.from_url(settings.REDIS_URL) as server:
        return float(sum(server.memory_usage(key) or 0 for key in keys))


def _bytes_a_row(table: str) -> float:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_total_relation_size(%s), (SELECT count(*) FROM {table})", [table])  # noqa: S608
        size, count = map(float, cursor.fetchone())
    return size / max(1.0, count)
