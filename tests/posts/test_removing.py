"""Deleting one's own post: gone at once, back within the hour as it was, and then gone for good."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from accounts.models import User
from posts.models import Post, RemovedPost
from posts.periodic import prune_removed_posts
from posts.services import UNDO_TIME, post_remove, post_restore
from tests.messages import told


def remove(client: Client, post_id: int, back: str = "/explore/?before=9-9") -> Any:
    return client.post(f"/posts/{post_id}/remove/", {"next": back})


def restore(client: Client, post_id: int, back: str = "/explore/") -> Any:
    return client.post(f"/posts/{post_id}/restore/", {"next": back})


def as_it_is(post: Post) -> tuple[Any, ...]:
    return (post.pk, post.author_id, post.body, post.timestamp)


def test_a_deleted_post_is_gone_and_an_undo_brings_it_back_as_it_was(signed_in: Client, member: User) -> None:
    post = member.posts.create(body="Keep <me>\n", timestamp=timezone.now() - timedelta(days=3))
    response = remove(signed_in, post.pk)
    assert response["Location"] == "/explore/?before=9-9"
    page = signed_in.get("/explore/").content.decode()
    assert "Your post has been deleted." in page
    assert f'action="/posts/{post.pk}/restore/"' in page
    assert "Keep &lt;me&gt;" not in page
    assert signed_in.get(post.get_absolute_url()).status_code == 404
    response = restore(signed_in, post.pk)
    assert response["Location"] == "/explore/"
    assert told(response) == ["Your post has been restored."]
    assert as_it_is(Post.objects.get()) == as_it_is(post)
    assert not RemovedPost.objects.exists()


def test_only_ones_own_posts_have_the_button(signed_in: Client, member: User, stranger: User) -> None:
    own, other = member.posts.create(body="Mine"), stranger.posts.create(body="Theirs")
    for path in ("/explore/", own.get_absolute_url(), other.get_absolute_url()):
        page = signed_in.get(path).content.decode()
        assert (f'action="/posts/{own.pk}/remove/"' in page) == (path != other.get_absolute_url())
        assert f'action="/posts/{other.pk}/remove/"' not in page
    assert "/remove/" not in Client().get("/explore/").content.decode()


@pytest.mark.parametrize(
    ("back", "where"),
    [
        ("/?before=1-1", "/?before=1-1"),
        ("/posts/{pk}/", "/user/susan/"),
        ("/posts/{pk}/?x=1", "/user/susan/"),
        ("https://evil.example/", "/"),
        ("//evil.example", "/"),
        ("", "/"),
    ],
)
def test_one_comes_back_to_where_one_was_and_never_elsewhere(
    signed_in: Client, member: User, back: str, where: str
) -> None:
    post = member.posts.create(body="Go")
    assert remove(signed_in, post.pk, back.format(pk=post.pk))["Location"] == where


def test_deleting_and_undoing_twice_is_the_same_as_once(signed_in: Client, member: User) -> None:
    post = member.posts.create(body="Twice")
    for _attempt in range(2):
        assert told(remove(signed_in, post.pk))[-1] == "Your post has been deleted."
    for _attempt in range(2):
        assert restore(signed_in, post.pk).status_code == 302
    assert as_it_is(Post.objects.get()) == as_it_is(post)


def test_after_an_hour_nothing_brings_it_back_and_the_housekeeping_forgets_it(signed_in: Client, member: User) -> None:
    old, new = member.posts.create(body="Old"), member.posts.create(body="New")
    for post in (old, new):
        assert post_remove(author=member, post_id=post.pk)
    RemovedPost.objects.filter(pk=old.pk).update(removed_at=timezone.now() - UNDO_TIME)
    response = restore(signed_in, old.pk)
    assert response.status_code == 404
    assert "Posts can be restored for one hour after deletion." in response.content.decode()
    assert prune_removed_posts() == 1
    assert prune_removed_posts() == 0
    assert [removed.pk for removed in RemovedPost.objects.all()] == [new.pk]
    assert post_restore(author=member, post_id=new.pk)


def test_the_workers_housekeeping_prunes_them(member: User, run_worker: Callable[[], None]) -> None:
    yesterday = timezone.now() - timedelta(days=1)
    RemovedPost.objects.create(post_id=1, author=member, body="x", timestamp=yesterday, removed_at=yesterday)
    run_worker()
    assert not RemovedPost.objects.exists()


def test_another_members_post_stays_deleted_or_there(signed_in: Client, stranger: User) -> None:
    there, deleted = stranger.posts.create(body="There"), stranger.posts.create(body="Deleted")
    post_remove(author=stranger, post_id=deleted.pk)
    for act in (remove, restore):
        for post in (there, deleted):
            assert act(signed_in, post.pk).status_code == 404
        assert act(signed_in, 10**30).status_code == 404
    assert list(Post.objects.all()) == [there]
    assert RemovedPost.objects.get().pk == deleted.pk


@pytest.mark.parametrize("act", ["remove", "restore"])
def test_it_takes_a_member_a_post_request_and_the_token(member: User, act: str) -> None:
    post = member.posts.create(body="Stay")
    address = f"/posts/{post.pk}/{act}/"
    assert Client().post(address)["Location"] == f"/accounts/login/?next={address}"
    careless = Client(enforce_csrf_checks=True)
    careless.force_login(member)
    assert careless.get(address).status_code == 405
    assert careless.post(address).status_code == 403
    assert list(Post.objects.all()) == [post]


def test_deleted_posts_are_erased_with_their_author(member: User) -> None:
    post_remove(author=member, post_id=member.posts.create(body="Mine").pk)
    member.delete()
    assert not RemovedPost.objects.exists()


def test_an_export_holds_no_deleted_post(member: User, tmp_path: Path) -> None:
    for body in ("Kept words", "Deleted words"):
        post = member.posts.create(body=body)
    post_remove(author=member, post_id=post.pk)
    call_command("export_posts", "susan", output=tmp_path / "posts.json")
    assert "Kept words" in (tmp_path / "posts.json").read_text()
    assert "Deleted words" not in (tmp_path / "posts.json").read_text()
