import html
import re

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.members.follows import follow_create
from accounts.models import User
from posts.models import Post
from tests.members import make_member


def texts_on(page: str) -> list[str]:
    """Return the text of each post as a browser would see it."""
    return [html.unescape(text) for text in re.findall(r'<p class="written" dir="auto">(.*?)</p>', page, re.DOTALL)]


def test_writing_shows_the_post_at_once_and_a_reload_does_not_repeat_it(signed_in: Client, member: User) -> None:
    response = signed_in.post("/", {"body": "First!"}, follow=True)
    assert response.redirect_chain == [("/", 302)]
    assert texts_on(response.content.decode()) == ["First!"]
    post = Post.objects.get()
    assert post.author == member
    assert abs((timezone.now() - post.timestamp).total_seconds()) < 60


def test_the_post_is_the_members_own_whatever_the_form_says(signed_in: Client, member: User, stranger: User) -> None:
    signed_in.post("/", {"body": "Mine", "author": stranger.pk, "timestamp": "2000-01-01T00:00:00Z"})
    assert Post.objects.get().author == member
    assert Post.objects.get().timestamp.year > 2000


def test_a_nul_character_is_refused_once_with_the_remedy(signed_in: Client) -> None:
    page = signed_in.post("/", {"body": "a\x00b"}).content.decode()
    assert "Remove it and try again." in page
    assert page.count("NUL") == 1
    assert not Post.objects.exists()


@pytest.mark.parametrize("address", ["/", "/explore/", "/user/susan/"])
def test_other_methods_are_refused(signed_in: Client, address: str) -> None:
    assert signed_in.delete(address).status_code == 405


def test_a_refresh_in_the_background_leaves_the_messages(signed_in: Client) -> None:
    signed_in.post("/", {"body": "Hello"})
    assert "Your post has been published." not in signed_in.get("/", headers={"X-Live-Refresh": "1"}).content.decode()
    assert "Your post has been published." in signed_in.get("/").content.decode()


@pytest.mark.parametrize("address", ["/", "/explore/", "/user/susan/"])
def test_a_refresh_in_the_background_fetches_no_posts(signed_in: Client, address: str) -> None:
    signed_in.post("/", {"body": "Hello world"})
    assert "Hello world" in signed_in.get(address).content.decode()
    refreshed = signed_in.get(address, headers={"X-Live-Refresh": "1"}).content.decode()
    assert 'id="alerts"' in refreshed
    assert "Hello world" not in refreshed


@pytest.mark.parametrize("address", ["/", "/explore/", "/user/susan/"])
def test_the_number_of_queries_does_not_grow(
    signed_in: Client, member: User, address: str, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(30):
        friend = make_member()
        follow_create(follower=member, followed=friend)
        friend.posts.create(body=f"{number}")
        member.posts.create(body=f"{number}")
    signed_in.get(address)  # writes last_seen
    with django_assert_max_num_queries(10):
        assert len(texts_on(signed_in.get(address).content.decode())) == 25
