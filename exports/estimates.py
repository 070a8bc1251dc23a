"""What to expect of an export before it is requested: its contents, its size, and how long it takes.

The constants are measured; tests compare them with archives of the demo and of real texts.
"""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any

import orjson
from django.conf import settings
from django.contrib.humanize.templatetags.humanize import intcomma
from django.db.models import QuerySet
from django.utils.translation import ngettext_lazy
from isal import isal_zlib

from accounts.member_data import Part
from accounts.models import User
from exports.choice import EVERYTHING, ArchiveChoice
from exports.export_job import ExportJob
from exports.formats.zip_file import LEVEL
from posts.models import Post
from tasks.models import Task, TaskQueue, TaskStatus

SAMPLED = 500  # of the newest records, and as many of the oldest
RECENT_TASKS = 9  # successes of that kind
EMPTY_BYTES = len(b'{"posts":[]}\n')

# Bytes of the ZIP.
ARCHIVE_BYTES = 6_500  # its first page, README and manifest
PAGE_BYTES = 2_800  # a page without its records: its style and script
POSTS_BYTES, SEARCH_BYTES = 2_500, 1_900  # the files of posts without posts, and the search
POST_BYTES, POST_RATIO = 61, 2.8  # of a post beside its text, and of the text in all files by that in posts.json
MESSAGE_RATIO = 2.35  # as POST_RATIO
MESSAGES_BYTES = 400
PERSON_BYTES = 26
PEOPLE_BYTES = 400
ACCOUNT_BYTES = 6_500
TASK_BYTES = 1_100  # of an export with its history, its notification and its email

COUNTED = {
    "posts": ngettext_lazy("%(number)s post", "%(number)s posts", "count"),
    "messages": ngettext_lazy("%(number)s message", "%(number)s messages", "count"),
    "follows": ngettext_lazy("%(number)s following", "%(number)s following", "count"),
    "followers": ngettext_lazy("%(number)s follower", "%(number)s followers", "count"),
}


@dataclass(frozen=True)
class Estimate:
    """What to expect of an export."""

    posts: int | None
    """None, as of the other records, if their part is left out."""
    messages: int | None
    follows: int | None
    followers: int | None
    parts: dict[Part, int]
    """Part -> its bytes in the file."""
    size: int
    """Bytes of the file."""
    seconds: float | None
    """From a worker's start to the end; None while no export of that kind has succeeded yet."""

    @property
    def contents(self) -> list[str]:
        """Return such as "3 posts", of each sort of record that will be in it."""
        found = ((text, getattr(self, name)) for name, text in COUNTED.items())
        return [text % {"count": count, "number": intcomma(count)} for text, count in found if count is not None]


def export_estimates(
    user: User, jobs: Iterable[type[ExportJob]], choice: ArchiveChoice = EVERYTHING
) -> dict[str, Estimate]:
    """Return what to expect of each kind of export, by the task's name."""
    posts = _listed(Post.objects.by(user).written(since=choice.since, until=choice.until))
    sent, received = _listed(user.messages_sent.all()), _listed(user.messages_received.all())
    people = {"follows": user.follows.count(), "followers": user.followed_by.count()}
    bytes_of = {
        Part.POSTS: _posts_bytes(posts),
        Part.PEOPLE: PEOPLE_BYTES + sum(PERSON_BYTES * n + PAGE_BYTES * bool(n) for n in people.values()),
        Part.MESSAGES: _messages_bytes(user, sent.packed + received.packed),
        Part.ACCOUNT: ACCOUNT_BYTES + TASK_BYTES * user.tasks.count(),
    }
    counts: dict[Part, dict[str, int]] = {
        Part.POSTS: {"posts": posts.records},
        Part.PEOPLE: people,
        Part.MESSAGES: {"messages": sent.records + received.records},
    }
    estimates = {}
    for job in jobs:
        parts = {part: round(bytes_of[part]) for part in Part if part in choice.parts & job.parts}
        size = ARCHIVE_BYTES + sum(parts.values()) if job.is_recommended else EMPTY_BYTES + round(posts.bytes)
        tables = (posts, sent, received) if Part.MESSAGES in job.parts else (posts,)
        is_large = max(table.records for table in tables) >= settings.EXPORT_LARGE_FROM
        seconds = _seconds(job, TaskQueue.LARGE if is_large else TaskQueue.SMALL, size)
        inside = {name: count for part in parts for name, count in counts.get(part, {}).items()}
        estimates[job.name] = Estimate(**dict.fromkeys(COUNTED) | inside, parts=parts, size=size, seconds=seconds)
    return estimates


def _posts_bytes(posts: "_Listed") -> float:
    searched = SEARCH_BYTES + PAGE_BYTES if posts.records else 0
    return POSTS_BYTES + searched + POST_BYTES * posts.records + POST_RATIO * posts.packed


def _messages_bytes(user: User, packed: float) -> float:
    return MESSAGES_BYTES + PAGE_BYTES * user.conversations.count() + MESSAGE_RATIO * packed


@dataclass(frozen=True)
class _Listed:
    """Texts as a list of JSON records, which is how `posts.json` has them."""

    records: int
    bytes: float
    packed: float
    """Bytes when it is compressed."""


def _listed(rows: "QuerySet[Any]") -> _Listed:
    """Return the size of all rows as JSON: measured of few, extrapolated from the newest and oldest of many."""
    records = rows.count()
    columns = rows.values_list("body", "timestamp")
    newest = list(columns.order_by("-timestamp", "-id")[:SAMPLED])
    oldest = list(columns.order_by("timestamp", "id")[: max(0, min(SAMPLED, records - SAMPLED))])
    data, half = _as_json(newest + oldest), _as_json(newest)
    sampled, more = len(newest) + len(oldest), max(0, records - len(newest) - len(oldest))
    packed = float(_packed(data))
    if more:  # the beginning compresses worse than what follows it
        packed += more * (packed - _packed(half)) / len(oldest)
    return _Listed(records, len(data) * records / max(1, sampled), packed)


def _as_json(rows: list[tuple[str, datetime]]) -> bytes:
    records = [{"body": body, "timestamp": moment} for body, moment in rows]
    return orjson.dumps(records, option=orjson.OPT_UTC_Z)[1:-1]


def _packed(data: bytes) -> int:
    compress = isal_zlib.compressobj(LEVEL, isal_zlib.DEFLATED, -zlib.MAX_WBITS)
    return len(compress.compress(data)) + len(compress.flush())


def _seconds(job: type[ExportJob], queue: TaskQueue, size: int) -> float | None:
    """Return how long recent exports took: all small ones take about as long, large ones in proportion to their size.

    None if no export of that kind has succeeded in the queue.
    """
    recent = Task.objects.filter(name=job.name, status=TaskStatus.SUCCEEDED, queue=queue, archive__size__gt=0)
    recent = recent.filter(archive__is_scheduled=False)  # these wait among large ones, whatever their size
    rows = recent.order_by("-created_at").values_list("started_at", "ended_at", "archive__size")[:RECENT_TASKS]
    took = [((ended - started).total_seconds(), bytes_) for started, ended, bytes_ in rows if started and ended]
    if not took:
        return None
    durations: list[float] = [seconds for seconds, _bytes in took]
    return median(durations) if queue == TaskQueue.SMALL else size * sum(durations) / sum(bytes_ for _, bytes_ in took)
