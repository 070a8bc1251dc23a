"""A closed account is invisible on other members' pages until it is reopened."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.members.follows import follow_create
from accounts.models import User
from core.pagination import PAGE_SIZE
from posts import timeline
from posts.models import Post
from tests.members import make_member, signed_in_client

WORDS = "remarkable words"


@pytest.fixture
def david(member: User) -> User:
    """Return a member who has written, and follows Susan as she follows him."""
    david = make_member("david", about_me="Of remarkable fame.")
    david.posts.create(body=WORDS)
    follow_create(follower=member, followed=david)
    follow_create(follower=david, followed=member)
    return david


def pages_that_show(reader: User, shown: User) -> Iterator[str]:
    """Yield the pages that show the member or what they wrote, as the reader sees them and as a guest."""
    post = shown.posts.get()
    for client in (signed_in_client(reader), Client()):
        for address in (
            *("/", "/explore/", "/search/?q=remarkable", "/search/?q=david&in=members", "/user/susan/followers/"),
            *("/user/susan/following/", post.get_absolute_url(), "/user/david/", "/user/david/card/"),
            *("/user/david/followers/", "/user/david/following/"),
        ):
            response = client.get(address)
            page = response.content.decode()
            if response.status_code == 200 and (WORDS in page or "/user/david/" in page or "1 follower" in page):
                yield address


def test_a_closed_account_is_hidden_and_shown_again_when_reopened(member: User, david: User) -> None:
    before = list(pages_that_show(member, david))
    assert len(before) > 15
    User.objects.filter(pk=david.pk).update(is_active=False)
    assert list(pages_that_show(member, david)) == []
    assert "0 followers" in Client().get("/user/susan/").content.decode()
    User.objects.filter(pk=david.pk).update(is_active=True)
    assert list(pages_that_show(member, david)) == before


def test_until_its_end_an_account_that_is_to_be_deleted_stays_on_all_pages(member: User, david: User) -> None:
    before = list(pages_that_show(member, david))
    User.objects.filter(pk=david.pk).update(deletion_due_at=timezone.now() + timedelta(days=14))
    assert list(pages_that_show(member, david)) == before


@pytest.mark.parametrize("window", [1, 2000])
def test_the_pages_are_full_all_the_same(
    member: User, david: User, window: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timeline, "WINDOW", window)
    closed = make_member("closed", is_active=False)
    follow_create(follower=member, followed=closed)
    Post.objects.bulk_create(Post(author=author, body=f"{n}") for n in range(40) for author in (david, closed))
    client = signed_in_client(member)
    for address in ("/", "/explore/"):
        for query in ("", f"?before={client.get(address).context['page'].older}"):
            rows = client.get(f"{address}{query}").context["page"].rows
            assert {post.author for post in rows} == {david}
            assert len(rows) == (PAGE_SIZE if not query else 41 - PAGE_SIZE)
