"""The contents, size and time of an export, shown before the click."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone

from accounts.models import Follow, User
from exports.estimates import Estimate, export_estimates
from exports.export_job import export_jobs
from exports.models import Archive
from inbox.models import Message
from posts.models import Post
from tasks.models import Task
from tasks.services.launch import task_launch

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


@pytest.mark.parametrize("name", ["export_posts", "export_archive"])
def test_the_size_is_within_a_fifth_of_what_is_built(john: User, work: Callable[[], None], name: str) -> None:
    Post.objects.bulk_create(Post(author=john, body=body, timestamp=when) for body, when in real_posts(2000))
    expected = estimate(john, name).size
    task_launch(user=john, name=name)
    work()
    assert Archive.objects.get().size == pytest.approx(expected, rel=0.2)


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
