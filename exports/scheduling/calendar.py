"""The dates and moments of a schedule, in its member's time zone."""

import calendar
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import models
from django.utils.translation import gettext_lazy as _

LAST_DAY = 31
SHORTEST_MONTH = 28  # days


class Frequency(models.TextChoices):
    """How often a schedule runs."""

    WEEKLY = "weekly", _("weekly")
    MONTHLY = "monthly", _("monthly")


def first_date(frequency: Frequency, day: int, *, after: date) -> date:
    """Return the first date of a schedule after a date.

    `day` is a weekday (0 is Monday), or a day of the month, which in a shorter month is its last.
    """
    if frequency == Frequency.WEEKLY:
        return after + timedelta(days=(day - after.weekday() - 1) % 7 + 1)
    found = _date_in_month(after, day)
    return found if found > after else _date_in_month(after.replace(day=1) + timedelta(days=31), day)


def _date_in_month(month: date, day: int) -> date:
    """Return the day of the month that `month` is in, at most its last."""
    return month.replace(day=min(day, calendar.monthrange(month.year, month.month)[1]))


def moment_of(day: date, hour: int, zone: ZoneInfo) -> datetime:
    """Return when the hour begins on that date, in UTC.

    An hour that occurs twice, as daylight saving ends, is the first; one that is skipped is the moment of the change.
    """
    return datetime.combine(day, time(hour), zone).astimezone(UTC)
