"""The contents, size and time of an export, shown before the click."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from accounts.member_data import Part
from accounts.models import Follow, User
from exports.choice import EVERYTHING, ArchiveChoice
from exports.estimates import Estimate, export_estimates
from exports.export_job import export_jobs
from exports.models import Archive
from exports.services import export_start
from inbox.models import Message
from inbox.services import message_send
from posts.models import Post
from tasks.models import Task

REAL_POSTS = Path(__file__).parent.parent / "data" / "posts.jsonl"


def real_posts(count: int) -> Iterator[tuple[str, datetime]]:
    with REAL_POSTS.open() as lines:
        for record in map(json.loads, islice(lines, count)):
            yield record["body"], datetime.fromisoformat(record["timestamp"])


def estimate(user: User, name: str = "export_posts") -> Estimate:
    return export_estimates(user, export_jobs().values())[name]


def finish(user: User, *, seconds: float, size: int, lane: str = "small") -> None:
    now = timezone.now()
    task = Task.objects.create(
        user=user,
        name="export_posts",
        status="succeeded",
        progress=100,
        queue=lane,
        started_at=now - timedelta(seconds=seconds),
        ended_at=now,
    )
    Archive.objects.create(task=task, user=user, file="x", size=size, snapshot_at=now, expires_at=now)


def test_it_counts_what_will_be_inside(susan: User, john: User) -> None:
    Message.objects.create(sender=susan, recipient=john, body="hello")
    Message.objects.create(sender=john, recipient=susan, body="hello to you")
    Follow.objects.create(follower=john, followed=susan)
    expected = estimate(susan, "export_archive")
    assert (expected.posts, expected.messages, expected.follows, expected.followers) == (3, 2, 0, 1)


def test_the_page_counts_several_follows_in_spanish(susan: User, john: User, client: Client) -> None:
    for name in ("ada", "rosa"):
        Follow.objects.create(follower=susan, followed=User.objects.create_user(name, f"{name}@example.com"))
    client.force_login(susan)
    page = client.get("/exports/", headers={"Accept-Language": "es"}).content.decode()
    assert "2 seguidos" in page


def test_a_member_without_posts_sees_an_estimate_of_an_empty_file(john: User) -> None:
    assert (estimate(john).posts, estimate(john).size) == (0, len(b'{"posts":[]}\n'))


def post(user: User, count: int) -> None:
    Post.objects.bulk_create(Post(author=user, body=body, timestamp=when) for body, when in real_posts(count))


def talk(one: User, other: User, count: int) -> None:
    for body, _when in real_posts(count):
        message_send(sender=one, recipient=other, body=body)


def assert_honest(
    user: User, work: Callable[[], None], kind: str = "archive", choice: ArchiveChoice = EVERYTHING
) -> None:
    job = export_jobs()[kind]
    expected = export_estimates(user, [job], choice)[job.name].size
    task = export_start(user=user, kind=kind, choice=choice)
    work()
    assert Archive.objects.get(task=task).size == pytest.approx(expected, rel=0.2)


@pytest.mark.parametrize("count", [0, 30, 300, 2000, pytest.param(15_746, marks=pytest.mark.long)])
@pytest.mark.parametrize("kind", ["posts", "archive"])
def test_the_size_is_within_a_fifth_of_what_is_built(
    john: User, work: Callable[[], None], kind: str, count: int
) -> None:
    post(john, count)
    assert_honest(john, work, kind)


@pytest.mark.parametrize("count", [30, 600])
def test_the_size_of_messages_and_people_is_within_a_fifth_too(
    susan: User, john: User, work: Callable[[], None], count: int
) -> None:
    talk(susan, john, count)
    others = User.objects.bulk_create(User(username=f"m{number}", email=f"{number}@x.org") for number in range(count))
    Follow.objects.bulk_create(Follow(follower=john, followed=other) for other in others)
    assert_honest(john, work)


def test_the_size_of_a_choice_is_within_a_fifth(susan: User, john: User, work: Callable[[], None]) -> None:
    post(john, 2000)
    talk(susan, john, 300)
    middle = john.posts.order_by("timestamp")[1000].timestamp
    for parts in (["posts"], ["messages"], ["people", "account"]):
        assert_honest(john, work, choice=ArchiveChoice(frozenset(map(Part, parts))))
    assert_honest(john, work, choice=ArchiveChoice(since=middle))
    assert_honest(john, work, "posts", ArchiveChoice(until=middle))


@pytest.mark.parametrize("name", ["demo", "amelie", "admin"])
def test_the_size_is_within_a_fifth_for_members_of_the_demo(susan: User, work: Callable[[], None], name: str) -> None:
    call_command("seed_demo", force=True)
    assert_honest(User.objects.get(username=name), work)


def test_earlier_exports_count(john: User, work: Callable[[], None]) -> None:
    for _ in range(20):
        export_start(user=john, kind="posts")
        work()
    assert_honest(john, work)


def test_what_is_left_out_is_not_counted(susan: User) -> None:
    choice = ArchiveChoice(frozenset({Part.MESSAGES, Part.ACCOUNT}))
    found = export_estimates(susan, [export_jobs()["archive"]], choice)["export_archive"]
    assert (found.posts, found.follows, found.messages) == (None, None, 0)
    assert found.contents == ["0 messages"]
    assert set(found.parts) == choice.parts


def test_the_time_is_unknown_before_the_first_success(susan: User) -> None:
    assert estimate(susan).seconds is None


def test_a_small_export_takes_as_long_as_others_usually_did(susan: User, john: User) -> None:
    for seconds in (1, 3, 60):
        finish(john, seconds=seconds, size=1000)
    assert estimate(susan).seconds == pytest.approx(3)


def test_a_large_export_takes_as_long_as_its_size_says(susan: User, john: User, settings: LazySettings) -> None:
    settings.EXPORT_LARGE_FROM = 3
    finish(john, seconds=1, size=1)
    finish(john, seconds=50, size=1_000, lane="large")
    expected = estimate(susan)
    assert expected.seconds == pytest.approx(expected.size / 20)
