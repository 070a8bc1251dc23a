from datetime import UTC, datetime, timedelta
from unittest.mock import patch

import pytest
from django.http import QueryDict
from django.test import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from accounts.models import User
from core import pagination
from core.pagination import Page, Position, page_of
from posts.models import Post

START = datetime(2026, 1, 1, tzinfo=UTC)


def page_at(**query: str) -> Page[Post]:
    text = QueryDict(mutable=True)
    text.update(query)
    return page_of(Post.objects.all(), text)


def walk_to_the_oldest() -> list[Page[Post]]:
    pages = [page_at()]
    while pages[-1].older:
        pages.append(page_at(before=pages[-1].older))
    return pages


def walk_to_the_newest(page: Page[Post]) -> list[Page[Post]]:
    pages = [page]
    while pages[-1].newer:
        pages.append(page_at(after=pages[-1].newer))
    return pages


@hypothesis_settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(minutes=st.lists(st.integers(0, 4), max_size=14), size=st.integers(1, 5))
def test_every_post_comes_exactly_once_in_both_directions(member: User, minutes: list[int], size: int) -> None:
    Post.objects.all().delete()
    for minute in minutes:  # many of them at the same moment
        member.posts.create(body="x", timestamp=START + timedelta(minutes=minute))
    newest_first = list(Post.objects.order_by("-timestamp", "-id"))
    with patch.object(pagination, "PAGE_SIZE", size):
        down = walk_to_the_oldest()
        up = walk_to_the_newest(down[-1])
    assert [post for page in down for post in page.rows] == newest_first
    assert [post for page in reversed(up) for post in page.rows] == newest_first


@given(st.datetimes(timezones=st.just(UTC)), st.integers(1, 2**63 - 1))
def test_a_position_survives_its_address(moment: datetime, number: int) -> None:
    position = Position(moment, number)
    assert Position.parse(str(position)) == position


@pytest.mark.parametrize("text", ["0-99999999999999999999999", "-62135596800000000-1", "253402300799999999-1"])
def test_a_position_beyond_all_posts_is_an_empty_or_full_page(client: Client, member: User, text: str) -> None:
    member.posts.create(body="x")
    client.force_login(member)
    for address in ("/explore/", "/"):
        for direction in ("before", "after"):
            assert client.get(address, {direction: text}).status_code == 200
