"""The pause from a success to the next start of the same job: see `Job.cooldown`."""

import math
from collections.abc import Iterable
from datetime import datetime

from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from core.humanize import HOUR, MINUTE, duration_in_words, moment_in_words
from tasks.job import Job
from tasks.models import Task, TaskStatus


def next_starts(*, user: User, jobs: Iterable[type[Job]]) -> dict[str, datetime]:
    """Return the time of the member's next start by the name of each of the jobs for which they have to wait.

    Failures and cancellations gave the member nothing, and do not count.
    """
    now = timezone.now()
    waits = {job.name: pause for job in jobs if (pause := job.cooldown())}
    if not waits:
        return {}
    recent = Task.objects.filter(user=user, name__in=waits, status=TaskStatus.SUCCEEDED)
    rows = recent.filter(ended_at__gt=now - max(waits.values())).values_list("name").annotate(Max("ended_at"))
    starts = {name: ended_at + waits[name] for name, ended_at in rows.order_by()}
    return {name: next_at for name, next_at in starts.items() if next_at > now}


def next_start_in_words(next_at: datetime) -> str:
    """Return the sentence that tells the member when they can start the next one."""
    wait = duration_in_words((next_at - timezone.now()).total_seconds())
    return _("You can start this again in %(wait)s (%(moment)s).") % {"wait": wait, "moment": moment_in_words(next_at)}


def seconds_to_other_words(next_at: datetime) -> int:
    """Return the number of seconds after which that sentence changes, and the page should be refreshed."""
    left = math.ceil((next_at - timezone.now()).total_seconds())
    unit = HOUR if left > HOUR else MINUTE
    return max(1, left % unit or unit)
