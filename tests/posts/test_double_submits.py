"""Buttons pressed twice at once: one of the two does it, and neither meets an error."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection
from django.test import Client

from accounts.models import Follow, User
from posts.models import Post, RemovedPost
from tests.members import make_member, signed_in_client

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def susan(transactional_db: None) -> User:
    return make_member("susan")


def at_once(user: User, *addresses: str) -> list[int]:
    """Post to all addresses at the same time, each from a thread of its own; return the statuses."""
    barrier = Barrier(len(addresses))

    def press(client: Client, address: str) -> int:
        barrier.wait(10)
        try:
            return client.post(address).status_code
        finally:
            connection.close()

    clients = [signed_in_client(user) for _ in addresses]
    with ThreadPoolExecutor(len(addresses)) as pool:
        return list(pool.map(press, clients, addresses))


def removed(author: User) -> Post:
    post = Post.objects.create(author=author, body="words")
    signed_in_client(author).post(f"/posts/{post.pk}/remove/")
    return post


def test_following_twice_at_once_follows_once(susan: User) -> None:
    make_member("john")
    assert at_once(susan, *["/user/john/follow/"] * 3) == [302] * 3
    assert Follow.objects.count() == 1


def test_a_post_is_deleted_once(susan: User) -> None:
    post = Post.objects.create(author=susan, body="words")
    assert at_once(susan, *[f"/posts/{post.pk}/remove/"] * 3) == [302] * 3
    assert (Post.objects.count(), RemovedPost.objects.count()) == (0, 1)


def test_a_post_is_restored_once(susan: User) -> None:
    post = removed(susan)
    assert at_once(susan, *[f"/posts/{post.pk}/restore/"] * 3) == [302] * 3
    assert (Post.objects.count(), RemovedPost.objects.count()) == (1, 0)


@pytest.mark.parametrize("make", [lambda author: Post.objects.create(author=author, body="words"), removed])
def test_a_post_deleted_and_restored_concurrently_exists_or_can_be_restored(
    susan: User, make: Callable[[User], Post]
) -> None:
    post = make(susan)
    statuses = at_once(susan, f"/posts/{post.pk}/remove/", f"/posts/{post.pk}/restore/", f"/posts/{post.pk}/remove/")
    assert {*statuses} <= {302, 404}
    assert Post.objects.count() + RemovedPost.objects.count() == 1
