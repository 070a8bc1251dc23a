"""After the last fault the site settles, and then everything works again."""

import os
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from datetime import timedelta
from email.message import EmailMessage
from functools import partial
from itertools import product
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from e2e.chaos import checks
from e2e.chaos.importers import Importer
from e2e.chaos.members import KINDS, Member
from e2e.chaos.timetable import Timetable, failures_were_told, is_any_due, moments_ran_once, too_many_kept
from exports.models import Archive, FailureEmail
from imports.models import Stage
from imports.periodic import FILE_LIFETIME
from tasks.models import Task
from tests.waiting import wait_until

ACTIVE_LIMIT = 120.0  # seconds, beside the pauses between attempts
MAIL_TRIES = 5
IMPORT_LIMIT = 300.0  # seconds, on a busy machine
SLOT_LIMIT = 60.0  # seconds

Mails = Iterable[tuple[EmailMessage, list[str]]]


def end_conditions(
    members: list[Member], *, mails: Callable[[], Mails], temporary_folders: Collection[Path]
) -> Iterator[str]:
    """Look whether all is well once the tasks have ended, and yield what is wrong.

    `members` are those who export; `mails` returns what has arrived, and for whom.
    """
    yield from checks.tasks_are_over()
    yield from members_can_start_again(members)
    mails_go_out()
    leftovers_go(temporary_folders)
    yield from strangers_get_nothing(members)
    downloads = {task: digest for member in members for task, digest in member.downloads.items()}
    yield from checks.archives_are_whole(downloads)
    yield from checks.mails_arrived(mails())
    yield from checks.nothing_is_left_over(temporary_folders)


def tasks_end(members: list[Member]) -> None:
    """Let the members start nothing more, and wait for what they have started, and what is due."""
    for member in members:
        member.start_no_more()
    limit = ACTIVE_LIMIT + sum(settings.EXPORT_RETRY_PAUSES)
    _wait(lambda: not (is_any_due() or Task.objects.active().exists()), limit)


def schedules_end_well(timetable: Timetable, mails: Callable[[], Mails]) -> Iterator[str]:
    """Look whether all is well with the schedules, once nothing is due and the emails are sent; yield what is wrong."""
    timetable.note_pauses()
    mails_go_out()
    _wait(lambda: not too_many_kept(), 2 * settings.EXPORT_HOUSEKEEPING_INTERVAL)
    yield from too_many_kept()
    yield from moments_ran_once(timetable)
    yield from failures_were_told(timetable, mails())


def imports_end_well(importers: list[Importer]) -> Iterator[str]:
    """Let each member import the archive, and take it back; yield who could not."""
    for stage in (Stage.DONE, Stage.UNDONE):
        _wait(partial(all_reach, stage, importers), IMPORT_LIMIT)
    yield from (f"{one.username} cannot import and undo" for one in importers if not one.is_at(Stage.UNDONE))


def all_reach(stage: Stage, importers: list[Importer]) -> bool:
    """Have each import go on, and return whether all are at the stage."""
    return not [importer for importer in importers if not importer.go_on(until=stage)]


def mails_go_out() -> None:
    """Wait for the emails. Their pauses grow to hours, so make each due immediately."""
    a_while = timedelta(seconds=2 * settings.EXPORT_STALE_AFTER)
    pending = [model._default_manager.filter(mail_due_at__isnull=False) for model in (Archive, FailureEmail)]
    for _try in range(MAIL_TRIES):
        for rows in pending:
            rows.filter(mail_due_at__gt=timezone.now()).update(mail_due_at=timezone.now() - a_while)
        _wait(lambda: not any(rows.exists() for rows in pending), settings.EXPORT_STALE_AFTER + 5)


def leftovers_go(folders: Collection[Path]) -> None:
    """Wait for a housekeeping. It leaves alone what may still be in use: make the files look old."""
    old = time.time() - 2 * max(settings.EXPORT_JOB_TIMEOUT, FILE_LIFETIME.total_seconds())
    for folder in folders:
        for path in folder.glob("*"):
            os.utime(path, (old, old))
    _wait(lambda: not any(any(folder.glob("*")) for folder in folders), 2 * settings.EXPORT_HOUSEKEEPING_INTERVAL)


def members_can_start_again(members: list[Member]) -> Iterator[str]:
    """Let each member export everything once more."""
    before = set(Task.objects.values_list("pk", flat=True))
    for member, kind in product(members, KINDS):
        member.start_export(kind)
    anew = Task.objects.exclude(pk__in=before).filter(status="succeeded")
    expected = {(member.username, name) for member, name in product(members, KINDS.values())}

    def missing() -> set[tuple[str, str]]:
        return expected - set(anew.values_list("user__username", "name"))

    _wait(lambda: not missing(), SLOT_LIMIT)
    yield from (f"{username} cannot export again ({name})" for username, name in sorted(missing()))


def strangers_get_nothing(members: list[Member]) -> Iterator[str]:
    """Let each member try to download what is another's."""
    for member in members:
        foreign = Archive.objects.exclude(user__username=member.username).values_list("task_id", flat=True)
        for task_id in foreign.order_by("-created_at")[:5]:
            if (status := member.download(str(task_id))) != 404:
                yield f"{member.username} asked for another's archive and was answered {status}"


def _wait(condition: Callable[[], bool], timeout: float, interval: float = 0.2) -> None:
    """Wait, in vain if need be: what is missing is found by the checks."""
    with suppress(AssertionError):
        wait_until(condition, timeout, interval=interval)
