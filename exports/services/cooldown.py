"""How often a member may export: one success of a kind in EXPORT_COOLDOWN seconds."""

import math
from collections.abc import Collection
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from exports.models import Task, TaskStatus
from exports.services.words import HOUR, MINUTE, duration_in_words, moment_in_words


def next_starts(*, user: User, names: Collection[str]) -> dict[str, datetime]:
    """Return when the member can next start a task, by its name: only those that have to wait.

    Failures and cancellations gave the member nothing, and do not count.
    """
    pause = timedelta(seconds=settings.EXPORT_COOLDOWN)
    if not pause:
        return {}
    recent = Task.objects.filter(user=user, name__in=names, status=TaskStatus.SUCCEEDED)
    latest = recent.filter(ended_at__gt=timezone.now() - pause).values_list("name").annotate(Max("ended_at")).order_by()
    return {name: ended_at + pause for name, ended_at in latest}


def next_start_in_words(next_at: datetime) -> str:
    """Return the sentence that tells the member when they can start the next one."""
    wait = duration_in_words((next_at - timezone.now()).total_seconds())
    return _("You can export this again in %(wait)s (%(moment)s).") % {"wait": wait, "moment": moment_in_words(next_at)}


def seconds_to_other_words(next_at: datetime) -> int:
    """Return after how many seconds that sentence is no longer true, and the page should be refreshed."""
    left = math.ceil((next_at - timezone.now()).total_seconds())
    unit = HOUR if left > HOUR else MINUTE
    return max(1, left % unit or unit)
