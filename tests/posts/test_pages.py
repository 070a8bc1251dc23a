"""Timeline, explore and profile: who sees what, page by page, at the same cost."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.members.follows import follow_create
from accounts.models import User
from core.pagination import PAGE_SIZE, Page, page_of
from posts.models import Post
from tests.members import make_member

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def reader(member: User) -> Client:
    client = Client()
    client.force_login(member)
    return client


def write(author: User, count: int) -> None:
    Post.objects.bulk_create(
        Post(author=author, body=f"{author.username}-{n}.", timestamp=START + timedelta(minutes=n))
        for n in range(count)
    )


def at(query: str) -> Page[Post]:
    return page_of(Post.objects.all(), QueryDict(query))


def test_the_timeline_has_ones_own_posts_and_those_of_whom_one_follows(
    reader: Client, member: User, stranger: User, staff: User
) -> None:
    for author in (member, stranger, staff):
        write(author, 1)
    follow_create(follower=member, followed=stranger)
    page = reader.get("/").content.decode()
    assert "susan-0." in page
    assert "stranger-0." in page
    assert "staff-0." not in page


def test_an_anonymous_visitor_is_shown_explore(stranger: User) -> None:
    write(stranger, 1)
    response = Client().get("/", follow=True)
    assert response.redirect_chain == [("/explore/", 302)]
    assert "stranger-0." in response.content.decode()


def test_a_profile_has_the_members_posts_only(reader: Client, member: User, stranger: User) -> None:
    write(member, 1)
    write(stranger, 1)
    page = reader.get("/user/stranger/").content.decode()
    assert "stranger-0." in page
    assert "susan-0." not in page


def test_a_profile_is_found_whatever_the_case_of_its_name(stranger: User) -> None:
    assert Client().get("/user/STRANGER/").status_code == 200


def test_an_unknown_or_inactive_member_is_not_found(stranger: User) -> None:
    User.objects.update(is_active=False)
    assert Client().get("/user/stranger/").status_code == 404
    assert Client().get("/user/nobody/").status_code == 404


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=15)
@given(minutes=st.lists(st.integers(0, 5), max_size=3 * PAGE_SIZE + 5))
def test_paging_shows_every_post_once_in_both_directions_ties_included(member: User, minutes: list[int]) -> None:
    Post.objects.all().delete()
    Post.objects.bulk_create(
        Post(author=member, body=str(n), timestamp=START + timedelta(minutes=minute))
        for n, minute in enumerate(minutes)
    )
    expected = list(Post.objects.order_by("-timestamp", "-id"))
    page = at("")
    seen, pages = list(page.rows), [page]
    while page.older:
        page = at(f"before={page.older}")
        seen += page.rows
        pages.append(page)
    assert seen == expected
    for newer in reversed(pages[:-1]):
        page = at(f"after={page.newer}")
        assert page.rows == newer.rows


def test_a_post_written_meanwhile_moves_no_other(member: User) -> None:
    write(member, PAGE_SIZE + 1)
    older = at("").older
    write(member, 1)
    Post.objects.create(author=member, body="newest")
    assert [post.body for post in at(f"before={older}").rows][-1] == "susan-0."


@pytest.mark.parametrize("position", ["nonsense", "1", "1-x", "x-1", "9" * 40 + "-1", "-", "1-1-<b>"])
@pytest.mark.parametrize("direction", ["before", "after"])
def test_an_invalid_position_is_refused_by_name(db: None, direction: str, position: str) -> None:
    response = Client().get("/explore/", {direction: position})
    assert response.status_code == 400
    assert "a position in this list" in response.content.decode()


@pytest.mark.parametrize("path", ["/", "/explore/", "/user/susan/"])
def test_the_queries_of_a_page_do_not_grow_with_the_posts(
    reader: Client, member: User, stranger: User, path: str, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    write(member, 3 * PAGE_SIZE)
    write(stranger, PAGE_SIZE)
    reader.get(path)  # last_seen is written once in five minutes
    with django_assert_max_num_queries(10):
        reader.get(path)


def test_a_page_deep_in_a_profile_is_found_by_the_index(member: User) -> None:
    """Signs of a scan: no index, or a sort."""
    for author in (member, *(make_member() for _ in range(9))):
        write(author, 10 * PAGE_SIZE)
    query = f"before={(START + timedelta(minutes=100)).timestamp() * 1_000_000:.0f}-1"
    with CaptureQueriesContext(connection) as queries:
        page_of(Post.objects.by(member), QueryDict(query))
    plan = plan_of(queries[0]["sql"])
    assert "post_by_author" in plan
    assert "TEMP B-TREE" not in plan
    assert "Sort" not in plan


def plan_of(sql: str) -> str:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":  # whose planner would rather scan so small a table
            cursor.execute("ANALYZE posts_post")  # else it goes by what other tests had in the table
            cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
        cursor.execute(("EXPLAIN QUERY PLAN " if connection.vendor == "sqlite" else "EXPLAIN ") + sql)
        return str(cursor.fetchall())


@pytest.mark.parametrize("path", ["/explore/", "/user/stranger/"])
def test_pages_refuse_post(reader: Client, stranger: User, path: str) -> None:
    assert reader.post(path).status_code == 405
