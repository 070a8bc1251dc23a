"""What is wrong, of all that the figures of `exports.services.health` tell, and what to do about it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from exports.models import TaskStatus
from exports.services.health import Health
from exports.services.words import duration_in_words

LONG_WAIT = timedelta(minutes=10)
"""Nobody should wait longer for a worker."""

MANY_FAILURES = 0.2
"""The part of the ended exports above which failures are more than bad luck..."""
ENOUGH_FAILURES = 3
"""...if there are so many of them at least."""

HOUSEKEEPING_PAUSES = 10
"""So many of its intervals without housekeeping are a sign that nobody does it, unless all workers are at long jobs."""


@dataclass(frozen=True)
class Trouble:
    """Something that is wrong, and the remedy, in the language of whoever asks."""

    what: str
    remedy: str


def find_troubles(health: Health) -> list[Trouble]:
    """Return all that is wrong, the worst first; nothing if all is well."""
    return [trouble for look in LOOKS for trouble in look(health)]


def _workers(health: Health) -> Iterator[Trouble]:
    if health.queue_problem:
        yield Trouble(str(health.queue_problem.what), str(health.queue_problem.remedy))
    elif not health.workers:
        yield Trouble(_("No worker is alive."), _("Start one: python manage.py rqworker default"))


def _silent_tasks(health: Health) -> Iterator[Trouble]:
    if count := sum(line.silent for line in health.lines):
        yield Trouble(
            ngettext(
                "The worker of %(count)d task is no longer heard of.",
                "The workers of %(count)d tasks are no longer heard of.",
                count,
            )
            % {"count": count},
            _("Any living worker takes them on within seconds. At once: python manage.py reconcile_tasks"),
        )


def _waiting(health: Health) -> Iterator[Trouble]:
    age = health.oldest_queued_age
    if age and age > LONG_WAIT:
        yield Trouble(
            _("A task has been waiting for %(time)s.") % {"time": duration_in_words(age.total_seconds())},
            _("Start more workers, and look whether those that there are get on."),
        )


def _failures(health: Health) -> Iterator[Trouble]:
    failed = health.outcomes[TaskStatus.FAILED]
    ended = failed + health.outcomes[TaskStatus.SUCCEEDED]
    if failed >= ENOUGH_FAILURES and failed > MANY_FAILURES * ended:
        yield Trouble(
            _("%(failed)d of %(ended)d exports failed today.") % {"failed": failed, "ended": ended},
            _("Their pages tell why, with the traceback. When the cause is mended, retry them."),
        )


def _mails(health: Health) -> Iterator[Trouble]:
    if count := health.mails.overdue:
        yield Trouble(
            ngettext("%(count)d mail is overdue.", "%(count)d mails are overdue.", count) % {"count": count},
            _("Workers send them: see whether one is alive, and what its log says."),
        )
    if count := health.mails.failing:
        yield Trouble(
            ngettext("%(count)d mail could not be sent so far.", "%(count)d mails could not be sent so far.", count)
            % {"count": count},
            _("They are tried again by themselves for a day. See the archives' mail errors, and EMAIL_URL."),
        )


def _space(health: Health) -> Iterator[Trouble]:
    if health.stored.free < 2 * settings.EXPORT_FREE_SPACE_RESERVE:
        yield Trouble(
            _("Only %(size)s are free on the disk.") % {"size": filesizeformat(health.stored.free)},
            _("Make room: exports that would leave less than EXPORT_FREE_SPACE_RESERVE are refused."),
        )


def _housekeeping(health: Health) -> Iterator[Trouble]:
    late = timedelta(seconds=HOUSEKEEPING_PAUSES * settings.EXPORT_HOUSEKEEPING_INTERVAL)
    is_late = health.last_housekeeping is None or health.at - health.last_housekeeping > late
    if is_late and health.workers and any(not worker.job_id for worker in health.workers):
        yield Trouble(
            _("The housekeeping is late, though a worker is free."),
            _("See what the workers' log says. Until then, files are kept beyond their time."),
        )
    for part in health.housekeeping:
        if part.error:
            yield Trouble(
                _("A part of the housekeeping fails: %(part)s (%(error)s).") % {"part": part.name, "error": part.error},
                _("The log of the worker %(worker)s tells why.") % {"worker": part.worker},
            )


LOOKS: tuple[Callable[[Health], Iterator[Trouble]], ...] = (
    _workers,
    _silent_tasks,
    _waiting,
    _failures,
    _mails,
    _space,
    _housekeeping,
)
