"""What a member chooses of their data, as it is stored and as a program may send it."""

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from accounts.member_data import Part
from exports.choice import EVERYTHING, ArchiveChoice, ChoiceError

pytestmark = pytest.mark.processes  # no database is used

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
MADRID = ZoneInfo("Europe/Madrid")


@pytest.mark.parametrize(
    "choice",
    [
        EVERYTHING,
        ArchiveChoice(frozenset({Part.MESSAGES})),
        ArchiveChoice(since=NOON),
        ArchiveChoice(frozenset({Part.POSTS, Part.ACCOUNT}), since=NOON, until=NOON.replace(year=2027)),
    ],
)
def test_it_comes_back_from_the_parameters_of_a_task(choice: ArchiveChoice) -> None:
    assert ArchiveChoice.from_params(choice.as_params()) == choice


def test_everything_needs_no_parameters_and_other_parameters_are_not_its_business() -> None:
    assert EVERYTHING.as_params() == {}
    assert ArchiveChoice.from_params({"campaign": "closing"}) == EVERYTHING


def test_parameters_are_in_one_order_whatever_was_chosen_first() -> None:
    assert ArchiveChoice(frozenset([Part.MESSAGES, Part.POSTS])).as_params() == {"parts": ["posts", "messages"]}


def test_days_are_the_members_own_from_midnight_to_midnight() -> None:
    choice = ArchiveChoice.of_days(["posts"], first=date(2026, 10, 25), last=date(2026, 10, 25), zone=MADRID)
    assert choice.since == datetime(2026, 10, 24, 22, tzinfo=UTC)
    assert choice.until == datetime(2026, 10, 25, 23, tzinfo=UTC), "the clocks went back: it has 25 hours"


def test_a_day_whose_midnight_the_clocks_skip_begins_when_they_do() -> None:
    choice = ArchiveChoice.of_days(["posts"], first=date(2018, 11, 4), last=None, zone=ZoneInfo("America/Sao_Paulo"))
    assert choice.since == datetime(2018, 11, 4, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"parts": []}, "at least one"),
        ({"parts": "posts"}, "'posts' isn't a list"),
        ({"parts": {"posts": True}}, "isn't a list"),
        ({"parts": ["posts", "photos"]}, "'photos' isn't a part of an archive. Choose from: posts, people"),
        ({"parts": [["posts"]]}, "['posts'] isn't a part"),
        ({"parts": [None]}, "None isn't a part"),
        ({"since": "yesterday"}, "since: 'yesterday' isn't a time"),
        ({"since": "2026-11-01T00:00:00"}, "offset from UTC"),
        ({"until": 17}, "until: 17 isn't a time"),
        ({"until": "0001-01-01T00:00:00+14:00"}, "isn't a time"),
        ({"until": "0001-01-01T00:00:00Z"}, "after year 1"),
        ({"since": "x" * 10_000}, "isn't a time"),
        ({"since": "2026-11-02T00:00:00Z", "until": "2026-11-01T00:00:00Z"}, "can't be after"),
        ({"parts": ["messages"], "since": "2026-11-01T00:00:00Z"}, "for posts only"),
    ],
)
def test_nonsense_gets_an_error_that_names_it(params: dict[str, Any], said: str) -> None:
    with pytest.raises(ChoiceError) as caught:
        ArchiveChoice.from_params(params)
    assert said in str(caught.value)
    assert len(str(caught.value)) < 200


def test_days_with_an_unknown_part_are_refused() -> None:
    with pytest.raises(ChoiceError, match="'photos' isn't a part"):
        ArchiveChoice.of_days(["photos"], first=None, last=None, zone=UTC)


@pytest.mark.parametrize("days", [(date.min, None), (None, date.max)])
def test_days_at_the_ends_of_the_calendar_are_refused(days: tuple[date | None, date | None]) -> None:
    with pytest.raises(ChoiceError, match="after year 1"):
        ArchiveChoice.of_days(["posts"], first=days[0], last=days[1], zone=ZoneInfo("Asia/Tokyo"))
