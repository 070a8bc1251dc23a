"""The timeline's fast query finds what its definition says: the posts of those followed and one's own, newest first."""

from datetime import UTC, datetime, timedelta
from unittest.mock import patch

import pytest
from django.db import connection
from django.db.models import Q
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Follow, User
from core import pagination
from core.pagination import Page, page_of
from posts import timeline
from posts.models import Post, PostQuerySet
from posts.timeline import timeline_page
from tests.members import make_member

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def members(db: None) -> list[User]:
    return [make_member() for _ in range(5)]


def as_defined(reader: User) -> PostQuerySet:
    return Post.objects.filter(Q(author=reader) | Q(author__in=reader.follows.values("followed")))


def assert_the_same_pages(reader: User) -> None:
    """Walk to the oldest page and back; at each, compare what was found with what the definition finds."""
    first = page = compare(reader, "")
    while page.older:
        page = compare(reader, f"before={page.older}")
    while page.newer:
        page = compare(reader, f"after={page.newer}")
    assert page.rows == first.rows


def compare(reader: User, address: str) -> Page[Post]:
    found, expected = timeline_page(reader, QueryDict(address)), page_of(as_defined(reader), QueryDict(address))
    assert found == expected
    return found


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    written=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 6)), max_size=25),
    followed=st.sets(st.integers(1, 4)),
    size=st.integers(1, 4),
    window=st.integers(0, 12),
)
def test_each_page_is_as_defined_whatever_the_window_finds(
    members: list[User], written: list[tuple[int, int]], followed: set[int], size: int, window: int
) -> None:
    Post.objects.all().delete()
    Follow.objects.all().delete()
    Post.objects.bulk_create(
        Post(author=members[number], body="x", timestamp=START + timedelta(minutes=minute))
        for number, minute in written  # many of them at the same moment
    )
    Follow.objects.bulk_create(Follow(follower=members[0], followed=members[number]) for number in followed)
    Follow.objects.create(follower=members[1], followed=members[0])  # which is nothing to the reader
    with patch.object(pagination, "PAGE_SIZE", size), patch.object(timeline, "WINDOW", window):
        assert_the_same_pages(members[0])


def test_quiet_members_posts_are_found_behind_many_of_a_strangers(member: User, stranger: User) -> None:
    quiet = make_member()
    Follow.objects.create(follower=member, followed=quiet)
    quiet.posts.create(body="long ago", timestamp=START)
    Post.objects.bulk_create(Post(author=stranger, body="x") for _ in range(timeline.WINDOW + 10))
    assert [post.body for post in timeline_page(member, QueryDict()).rows] == ["long ago"]


def test_one_query_finds_a_page_and_its_authors(members: list[User]) -> None:
    for number, author in enumerate(members):
        author.posts.create(body="x", timestamp=START + timedelta(minutes=number))
    Follow.objects.bulk_create(Follow(follower=members[0], followed=author) for author in members[1:])
    with CaptureQueriesContext(connection) as queries:
        names = [post.author.username for post in timeline_page(members[0], QueryDict()).rows]
    assert names == [author.username for author in reversed(members)]
    assert len(queries) == 1
