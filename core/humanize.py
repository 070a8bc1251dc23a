"""Durations, rounded up in one unit, and moments with their time zone, in the reader's language."""

import math
from datetime import datetime

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import ngettext

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR
SECONDS_STEP = 5  # a more exact estimate would be noise


def duration_in_words(seconds: float) -> str:
    """Return such as "10 seconds", "3 minutes", "2 hours" or "2 days", never less than `seconds`."""
    if (rounded := SECONDS_STEP * max(1, math.ceil(seconds / SECONDS_STEP))) < MINUTE:
        return ngettext("%(count)d second", "%(count)d seconds", rounded) % {"count": rounded}
    if (minutes := math.ceil(seconds / MINUTE)) < HOUR // MINUTE:
        return ngettext("%(count)d minute", "%(count)d minutes", minutes) % {"count": minutes}
    if (hours := math.ceil(seconds / HOUR)) < DAY // HOUR:
        return ngettext("%(count)d hour", "%(count)d hours", hours) % {"count": hours}
    days = math.ceil(seconds / DAY)
    return ngettext("%(count)d day", "%(count)d days", days) % {"count": days}


def moment_from_text(text: str | datetime) -> str:
    """Return `moment_in_words` of a time in ISO 8601, as a notification's payload holds it."""
    return moment_in_words(datetime.fromisoformat(text) if isinstance(text, str) else text)


def moment_in_words(moment: datetime) -> str:
    """Return such as "Nov. 23, 2026, 2 p.m. UTC", in the reader's time zone."""
    local = localtime(moment)
    return f"{date_format(local, 'DATETIME_FORMAT')} {local.tzname()}"
