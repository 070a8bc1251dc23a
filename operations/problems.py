"""The problems that the figures of `operations.site_health` show, each with a hint."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.humanize import duration_in_words
from operations.site_health import Health
from tasks.models import TaskStatus

LONG_WAIT = timedelta(minutes=10)
"""The longest that a task should wait for a worker."""

MANY_FAILURES = 0.2
"""The share of ended exports above which failures are a problem of the site's..."""
ENOUGH_FAILURES = 3
"""...if there are at least this many."""

HOUSEKEEPING_PAUSES = 10
"""After this many of its intervals housekeeping is late, unless all workers are busy with long jobs."""


@dataclass(frozen=True)
class Trouble:
    """A problem and its hint, in the reader's language."""

    what: str
    remedy: str


def find_troubles(health: Health) -> list[Trouble]:
    """Return all problems, the worst first; an empty list if there are none."""
    return [trouble for look in LOOKS for trouble in look(health)]


def _workers(health: Health) -> Iterator[Trouble]:
    if health.queue_problem:
        yield Trouble(str(health.queue_problem.what), str(health.queue_problem.remedy))
    elif not health.workers:
        yield Trouble(_("No worker is running."), _("Start one: python manage.py rqworker default"))


def _silent_tasks(health: Health) -> Iterator[Trouble]:
    if count := sum(line.silent for line in health.lines):
        yield Trouble(
            ngettext(
                "%(count)d running task is stale: its worker has stopped reporting.",
                "%(count)d running tasks are stale: their workers have stopped reporting.",
                count,
            )
            % {"count": count},
            _("Any running worker recovers them within seconds. To recover them now: python manage.py reconcile_tasks"),
        )


def _waiting(health: Health) -> Iterator[Trouble]:
    age = health.oldest_queued_age
    if age and age > LONG_WAIT:
        yield Trouble(
            _("A task has been waiting for %(time)s.") % {"time": duration_in_words(age.total_seconds())},
            _("Start more workers, and check that the running ones are making progress."),
        )


def _failures(health: Health) -> Iterator[Trouble]:
    failed = health.outcomes[TaskStatus.FAILED]
    ended = failed + health.outcomes[TaskStatus.SUCCEEDED]
    if failed >= ENOUGH_FAILURES and failed > MANY_FAILURES * ended:
        yield Trouble(
            _("%(failed)d of %(ended)d exports failed today.") % {"failed": failed, "ended": ended},
            _("Each task's page shows the reason and the traceback. Fix the cause, then retry them."),
        )


def _mails(health: Health) -> Iterator[Trouble]:
    """Yield what keeps emails from arriving; a member's wrong address is not the site's problem."""
    mails = health.mails
    if count := mails.site_refused:
        yield Trouble(
            ngettext(
                "The mail server refuses this site: %(count)d email is waiting.",
                "The mail server refuses this site: %(count)d emails are waiting.",
                count,
            )
            % {"count": count},
            _("Run manage.py doctor to see its answer, and correct EMAIL_URL. Workers retry for a day."),
        )
    if count := mails.overdue:
        yield Trouble(
            ngettext("%(count)d email is overdue.", "%(count)d emails are overdue.", count) % {"count": count},
            _("Workers send them: check that one is running, and read its log."),
        )
    if count := mails.failing - mails.site_refused:
        yield Trouble(
            ngettext("%(count)d email could not be sent yet.", "%(count)d emails could not be sent yet.", count)
            % {"count": count},
            _("Workers retry for a day. Each task's page shows the mail server's answer; check EMAIL_URL."),
        )
    if count := mails.given_up:
        yield Trouble(
            ngettext(
                "%(count)d email of the last 7 days was given up.",
                "%(count)d emails of the last 7 days were given up.",
                count,
            )
            % {"count": count},
            _("Fix the cause shown on the task's page, then send the emails again from the list of archives."),
        )


def _storage(health: Health) -> Iterator[Trouble]:
    if not health.is_storage_ready:
        yield Trouble(
            _("The storage of archives is unavailable: exports fail, and members can't download files."),
            _("Run manage.py doctor to see the cause, and check EXPORT_STORAGE_URL or VAR_DIR."),
        )


def _space(health: Health) -> Iterator[Trouble]:
    if health.stored.free < 2 * settings.EXPORT_FREE_SPACE_RESERVE:
        yield Trouble(
            _("Only %(size)s of disk space is free.") % {"size": filesizeformat(health.stored.free)},
            _("Free some space: exports that would leave less than EXPORT_FREE_SPACE_RESERVE are refused."),
        )


def _housekeeping(health: Health) -> Iterator[Trouble]:
    late = timedelta(seconds=HOUSEKEEPING_PAUSES * settings.EXPORT_HOUSEKEEPING_INTERVAL)
    is_late = health.last_housekeeping is None or health.at - health.last_housekeeping > late
    if is_late and health.workers and any(not worker.job_id for worker in health.workers):
        yield Trouble(
            _("Housekeeping is late, although a worker is idle."),
            _("Read the workers' logs. Until housekeeping runs, expired files are kept."),
        )
    for part in health.housekeeping:
        if part.error:
            yield Trouble(
                _("A part of housekeeping fails: %(part)s (%(error)s).") % {"part": part.name, "error": part.error},
                _("The log of worker %(worker)s shows why.") % {"worker": part.worker},
            )


LOOKS: tuple[Callable[[Health], Iterator[Trouble]], ...] = (
    _workers,
    _silent_tasks,
    _waiting,
    _failures,
    _mails,
    _storage,
    _space,
    _housekeeping,
)
