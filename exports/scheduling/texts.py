"""When a schedule runs, in words."""

from datetime import time

from django.utils.dates import WEEKDAYS
from django.utils.formats import time_format
from django.utils.translation import gettext as _

from exports.models import Schedule
from exports.scheduling.calendar import LAST_DAY, SHORTEST_MONTH, Frequency


def schedule_in_words(schedule: Schedule) -> str:
    """Return such as "Every Monday at 3 a.m."."""
    when = {"day": day_in_words(Frequency(schedule.frequency), schedule.day), "hour": hour_in_words(schedule.hour)}
    return _("%(day)s at %(hour)s") % when


def day_in_words(frequency: Frequency, day: int) -> str:
    """Return such as "Every Monday", "Day 15 of every month" or "The last day of every month"."""
    if frequency == Frequency.WEEKLY:
        return _("Every %(weekday)s") % {"weekday": WEEKDAYS[day]}
    if day == LAST_DAY:
        return _("The last day of every month")
    if day > SHORTEST_MONTH:
        return _("Day %(day)d of every month, or its last day") % {"day": day}
    return _("Day %(day)d of every month") % {"day": day}


def hour_in_words(hour: int) -> str:
    """Return such as "3 a.m."."""
    return time_format(time(hour))
