"""The dates and moments of schedules: month ends, and the changes of daylight saving time."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest

from exports.scheduling.calendar import Frequency, first_date, moment_of

MOMENT = timedelta(microseconds=1)
MONDAY = date(2026, 11, 30)


def dates(frequency: Frequency, day: int, *, after: date, number: int) -> list[date]:
    """Return the next dates of a schedule."""
    found = [after]
    for _ in range(number):
        found.append(first_date(frequency, day, after=found[-1]))
    return found[1:]


@pytest.mark.parametrize("weekday", range(7))
@pytest.mark.parametrize("today", range(7))
def test_a_weekly_one_is_within_the_seven_days_after(weekday: int, today: int) -> None:
    after = MONDAY + timedelta(days=today)
    found = first_date(Frequency.WEEKLY, weekday, after=after)
    assert found.weekday() == weekday
    assert 1 <= (found - after).days <= 7


def test_the_31st_is_the_last_day_of_shorter_months() -> None:
    found = dates(Frequency.MONTHLY, 31, after=date(2027, 12, 31), number=12)
    assert [(day.month, day.day) for day in found] == [
        *((1, 31), (2, 29), (3, 31), (4, 30), (5, 31), (6, 30)),
        *((7, 31), (8, 31), (9, 30), (10, 31), (11, 30), (12, 31)),
    ]


def test_the_30th_is_the_28th_in_an_ordinary_february() -> None:
    assert dates(Frequency.MONTHLY, 30, after=date(2027, 1, 30), number=2) == [date(2027, 2, 28), date(2027, 3, 30)]


def test_a_day_that_is_still_to_come_is_in_this_month() -> None:
    assert first_date(Frequency.MONTHLY, 15, after=date(2026, 11, 14)) == date(2026, 11, 15)
    assert first_date(Frequency.MONTHLY, 15, after=date(2026, 11, 15)) == date(2026, 12, 15)


@pytest.mark.parametrize(
    ("zone", "day", "hour", "moment"),
    [
        # Spring forward: 02:00 is skipped, so it is the moment of the change.
        ("Europe/Madrid", "2026-03-28", 2, "2026-03-28T01:00"),
        ("Europe/Madrid", "2026-03-29", 2, "2026-03-29T01:00"),
        ("Europe/Madrid", "2026-03-29", 3, "2026-03-29T01:00"),
        ("Europe/Madrid", "2026-03-30", 2, "2026-03-30T00:00"),
        # Back: 02:00 occurs twice, and the first counts.
        ("Europe/Madrid", "2026-10-25", 2, "2026-10-25T00:00"),
        ("Europe/Madrid", "2026-10-25", 3, "2026-10-25T02:00"),
        # At midnight: the first hour of a date is skipped, and the last of another occurs twice.
        ("America/Santiago", "2026-09-06", 0, "2026-09-06T04:00"),
        ("America/Santiago", "2026-04-04", 23, "2026-04-05T02:00"),
        ("America/Santiago", "2026-04-05", 0, "2026-04-05T04:00"),
        # Half an hour.
        ("Australia/Lord_Howe", "2026-10-04", 2, "2026-10-03T15:30"),
        ("Australia/Lord_Howe", "2026-10-04", 3, "2026-10-03T16:00"),
        ("Australia/Lord_Howe", "2026-04-05", 1, "2026-04-04T14:00"),
        # Far west and far east.
        ("Pacific/Pago_Pago", "2026-11-28", 3, "2026-11-28T14:00"),
        ("Pacific/Kiritimati", "2026-11-28", 3, "2026-11-27T13:00"),
    ],
)
def test_the_hour_is_the_members(zone: str, day: str, hour: int, moment: str) -> None:
    assert moment_of(date.fromisoformat(day), hour, ZoneInfo(zone)) == datetime.fromisoformat(moment).replace(
        tzinfo=UTC
    )


@pytest.mark.parametrize("hour", [0, 1, 2, 3, 23])
def test_in_every_zone_each_date_has_one_moment_that_is_on_it(hour: int) -> None:
    days = [MONDAY + timedelta(days=number) for number in range(366)]
    for name in available_timezones():
        zone = ZoneInfo(name)
        moments = [moment_of(day, hour, zone) for day in days]
        # Where an hour before midnight is skipped, its moment is midnight.
        assert [(moment - MOMENT if hour == 23 else moment).astimezone(zone).date() for moment in moments] == days, name
        assert all(earlier < later for earlier, later in pairwise(moments)), name
