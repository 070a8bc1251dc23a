"""Times on pages, as they are without JavaScript."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone, translation
from django.utils.formats import date_format

from core.templatetags.times import exact_time_element, time_element
from tests.html_reader import Reader

MOMENT = datetime(2026, 3, 1, 10, 30, tzinfo=UTC)


def shown(element: str) -> str:
    return Reader(element).text.replace("\xa0", " ")


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (timedelta(), "now"),
        (timedelta(minutes=2, seconds=5), "2 minutes ago"),
        (timedelta(hours=5, minutes=59), "5 hours ago"),
        (timedelta(days=6, minutes=1), "6 days ago"),
    ],
)
def test_a_time_in_the_last_week_is_shown_as_its_age(age: timedelta, words: str) -> None:
    assert shown(time_element(timezone.now() - age)) == words


def test_an_older_time_is_shown_as_a_date() -> None:
    moment = timezone.now() - timedelta(days=7)
    assert shown(time_element(moment)) == date_format(moment)
    assert shown(time_element(MOMENT)) == "March 1, 2026"


def test_the_exact_time_is_at_hand_in_the_members_language_and_zone() -> None:
    with timezone.override("Europe/Madrid"), translation.override("es"):
        element = time_element(MOMENT)
        exact = "1 de marzo de 2026 a las 11:30 CET"
        attributes = {"datetime": "2026-03-01T10:30:00+00:00", "title": exact, "data-time": "ago"}
        assert Reader(element).elements == [("time", attributes)]
        assert shown(element) == "1 de marzo de 2026"
        assert shown(exact_time_element(MOMENT)) == exact
