"""Checks of background work: the queue server, the workers, the tasks, and the periodic work."""

import os
import socket
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.checks import clock_finding
from core.health import Finding, Status, check, failing, ok, warning
from core.humanize import duration_in_words, moment_in_words
from core.periodic import REGULAR
from tasks.models import QueuePause, TaskStatus
from tasks.queue.client import QueueUnavailableError, queue_connection, queue_probe
from tasks.queue.workers import living_workers
from tasks.services.figures import active_tasks, outcomes
from tasks.services.housekeeping import housekeeping_done

OLDEST_SERVER = 5  # major version
MEMORY_IN_USE = 0.9  # of maxmemory
LONGEST_WAIT = timedelta(minutes=10)
FAILURE_SHARE = 0.2  # of the tasks that ended
FEWEST_FAILURES = 3  # a day
HOUSEKEEPING_INTERVALS = 10  # after which a part is late


@check("queue", unready_from=Status.FAILING)
def queue() -> Iterator[Finding]:
    """Write what queueing a job writes: a full memory or disk, a replica, and access rules refuse it."""
    try:
        queue_probe()
    except QueueUnavailableError as error:
        yield failing(error.problem.what, error.problem.hint, error)


@check("worker", unready_from=Status.FAILING)
def worker() -> Iterator[Finding]:
    """Look for running workers: to a queue server that refuses writes they can't send heartbeats."""
    try:
        queue_probe()
        workers = living_workers()
    except QueueUnavailableError as error:
        hint = _("See the queue server check.")
        yield failing(_("Workers are unknown while the queue server is unavailable."), hint, error)
        return
    if workers:
        yield ok(f"{len(workers)} running, on {', '.join(sorted({str(worker.hostname) for worker in workers}))}")
    else:
        yield failing(_("No worker is running."), _("Start one: python manage.py rqworker default"))


@check("worker code", deep=True)
def worker_code() -> Iterator[Finding]:
    """Look for workers of this machine that started before the code was last changed."""
    changed_at, here = newest_change(settings.BASE_DIR), socket.gethostname()
    ours = [worker.birth_date for worker in living_workers() if worker.hostname == here]
    if old := sum(1 for birth_date in ours if birth_date and birth_date < changed_at):
        text = f"{old} started before the code was last changed"
        yield warning(text, "Restart them (docs/operations.md, Upgrading).")


def newest_change(folder: Path) -> datetime:
    """Return when a Python file under `folder` was last changed, leaving out environments and `var`."""
    newest = 0.0
    for root, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".") and name not in {"var", "tests", "docs"}]
        newest = max([newest, *((Path(root) / file).stat().st_mtime for file in files if file.endswith(".py"))])
    return datetime.fromtimestamp(newest, tz=timezone.get_default_timezone())


@check("queue server", deep=True)
def queue_server() -> Iterator[Finding]:
    """Look at the queue server's version, role, clock, persistence and memory."""
    info, asked_at = queue_connection().info(), time.time()
    seconds, microseconds = queue_connection().time()
    name = info.get("server_name", "redis")
    version = str(info.get(f"{name}_version") or info["redis_version"])
    yield ok(f"{name} {version}")
    if int(version.partition(".")[0]) < OLDEST_SERVER:
        yield failing("the server is too old", "Use Redis 5 or newer, or Valkey.")
    yield clock_finding(seconds + microseconds / 1_000_000, asked_at)
    yield from _persistence(info)
    yield _memory(info)


def _persistence(info: dict[str, object]) -> Iterator[Finding]:
    if not info.get("aof_enabled"):
        hint = "Set appendonly yes: otherwise the site has to requeue everything after a restart."
        yield warning("no append-only file", hint)
    elif info.get("aof_last_write_status", "ok") != "ok":
        yield failing("the last write to its disk failed", "Free space on its disk. Its log has the details.")


def _memory(info: dict[str, object]) -> Finding:
    policy, limit, used = info.get("maxmemory_policy"), int(str(info["maxmemory"])), int(str(info["used_memory"]))
    text = f"{used / 1e6:.0f} MB used, {f'{limit / 1e6:.0f} MB allowed' if limit else 'no limit'}, {policy}"
    if policy != "noeviction":
        hint = "Set maxmemory-policy noeviction: a queue must not drop jobs when memory is short."
        return failing(text, hint) if limit else warning(text, hint)
    if limit and used > limit * MEMORY_IN_USE:
        return warning(text, "Raise maxmemory: when memory is full, no job can be queued.")
    return ok(text)


@check("paused queues")
def paused_queues() -> Iterator[Finding]:
    """Look for queues that staff have paused."""
    for pause in QueuePause.objects.all():
        names = {"queue": pause, "moment": moment_in_words(pause.since)}
        text = _("The queue %(queue)s has been paused since %(moment)s.") % names
        yield warning(text, _("Resume it in the admin, above the list of tasks."))


@check("tasks")
def tasks() -> Iterator[Finding]:
    """Look for tasks that are stale, wait for too long, or fail too often."""
    active = active_tasks()
    if count := sum(line.stale for line in active):
        text = ngettext(
            "%(count)d running task is stale: its worker has stopped reporting.",
            "%(count)d running tasks are stale: their workers have stopped reporting.",
            count,
        )
        hint = _(
            "Any running worker recovers them within seconds. To recover them now: python manage.py reconcile_tasks"
        )
        yield warning(text % {"count": count}, hint)
    now = timezone.now()
    age = max((now - line.oldest_queued_at for line in active if line.oldest_queued_at), default=timedelta(0))
    if age > LONGEST_WAIT:
        text = _("A task has been waiting for %(time)s.") % {"time": duration_in_words(age.total_seconds())}
        yield warning(text, _("Start more workers, and check that the running ones are making progress."))
    found = outcomes(since=timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0))
    failed = found[TaskStatus.FAILED]
    ended = failed + found[TaskStatus.SUCCEEDED]
    if failed >= FEWEST_FAILURES and failed > FAILURE_SHARE * ended:
        yield warning(
            _("%(failed)d of %(ended)d tasks failed today.") % {"failed": failed, "ended": ended},
            _("Each task's page shows the reason and the traceback. Fix the cause, then retry them."),
        )


@check("housekeeping")
def housekeeping() -> Iterator[Finding]:
    """Look for parts of the periodic work that are late, or fail."""
    done = housekeeping_done()
    limit = timezone.now() - timedelta(seconds=HOUSEKEEPING_INTERVALS * settings.EXPORT_HOUSEKEEPING_INTERVAL)
    if late := {work.__name__ for work in REGULAR} - {part.name for part in done if part.at > limit}:
        text = _("Housekeeping is late: %(parts)s.") % {"parts": ", ".join(sorted(late))}
        yield warning(text, _("Workers do it between jobs. If all of them are busy, start another."))
    for part in done:
        if part.error:
            shown = {"part": part.name, "error": part.error}
            text = _("Part of housekeeping is failing: %(part)s (%(error)s).") % shown
            yield warning(text, _("The log of worker %(worker)s shows why.") % {"worker": part.worker})
