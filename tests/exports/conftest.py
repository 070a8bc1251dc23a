"""The stranger's browser, a clock that tests set, and schedules."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.test import Client
from django.utils import timezone

from accounts.member_data import Part
from accounts.models import User
from exports.models import Schedule
from exports.scheduling.calendar import Frequency
from exports.scheduling.services import Plan, schedule_save
from tests.members import make_member, signed_in_client

SetClock = Callable[[str], None]
Scheduled = Callable[..., Schedule]

SATURDAY = 5


@pytest.fixture
def set_clock(monkeypatch: pytest.MonkeyPatch) -> SetClock:
    """Return a function that stops the clock at a moment, such as "2026-11-28 03:00", in UTC."""

    def stop_at(text: str) -> None:
        moment = datetime.fromisoformat(text).replace(tzinfo=UTC)
        monkeypatch.setattr(timezone, "now", lambda: moment)

    return stop_at


@pytest.fixture
def scheduled() -> Scheduled:
    """Return a function that schedules a member's exports: Saturdays at 03:00 in their zone, the last three kept."""

    def schedule(user: User | None = None, **values: int | str | list[str]) -> Schedule:
        user = user or make_member()
        chosen = {"frequency": Frequency.WEEKLY, "day": SATURDAY, "hour": 3, "keep": 3, "parts": Part.values} | values
        return schedule_save(user=user, plan=Plan(**{"only_new": False, **chosen}))  # type: ignore[arg-type]

    return schedule


@pytest.fixture
def stranger(john: User) -> Client:
    """John's browser."""
    return signed_in_client(john)
