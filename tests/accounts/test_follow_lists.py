"""The lists of followers and followed, and the buttons on them."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from accounts.members import follows
from accounts.members.follows import follow_counts
from accounts.models import Follow, User
from tests.members import make_member

START = datetime(2026, 1, 1, tzinfo=UTC)
LISTS = ["followers", "following"]


def names_on(client: Client, address: str) -> list[str]:
    return re.findall(r'data-card="/user/(\w+)/card/"', client.get(address).content.decode())


def follow_in_turn(pairs: list[tuple[User, User]]) -> None:
    """Store who follows whom, a minute after another."""
    Follow.objects.bulk_create(Follow(follower=follower, followed=followed) for follower, followed in pairs)
    for number, follow in enumerate(Follow.objects.order_by("pk")):
        Follow.objects.filter(pk=follow.pk).update(created_at=START + timedelta(minutes=number))


def test_everybody_sees_who_follows_a_member_the_newest_first(client: Client, member: User, stranger: User) -> None:
    others = [make_member(name) for name in ("ann", "bob")]
    follow_in_turn([*((other, member) for other in others), (member, stranger)])
    assert names_on(client, "/user/susan/followers/") == ["bob", "ann"]
    assert names_on(client, "/user/susan/following/") == ["stranger"]


@pytest.mark.parametrize("name", LISTS)
def test_a_long_list_shows_each_member_once_across_pages(client: Client, member: User, name: str) -> None:
    others = [make_member() for _ in range(27)]
    follow_in_turn([(other, member) if name == "followers" else (member, other) for other in others])
    address = f"/user/susan/{name}/"
    first = client.get(address)
    older = first.context["page"].older
    newest, rest = names_on(client, address), names_on(client, f"{address}?before={older}")
    assert newest + rest == [other.username for other in reversed(others)]
    assert f"?before={older}" in first.content.decode()


@pytest.mark.parametrize("name", LISTS)
def test_an_inactive_member_is_on_no_list_and_has_none(client: Client, member: User, stranger: User, name: str) -> None:
    follow_in_turn([(member, stranger), (stranger, member)])
    User.objects.filter(pk=stranger.pk).update(is_active=False)
    assert names_on(client, f"/user/susan/{name}/") == []
    assert client.get(f"/user/stranger/{name}/").status_code == 404
    assert client.get(f"/user/nobody/{name}/").status_code == 404


@pytest.mark.parametrize("name", LISTS)
def test_a_list_is_read_and_nothing_else(signed_in: Client, name: str) -> None:
    assert signed_in.post(f"/user/susan/{name}/").status_code == 405
    assert signed_in.get(f"/user/susan/{name}/?before=nonsense").status_code == 400


def test_each_has_a_button_to_follow_or_to_unfollow_but_not_oneself(
    signed_in: Client, member: User, stranger: User
) -> None:
    known, unknown = make_member("known"), make_member("unknown")
    follow_in_turn([(member, known), (known, stranger), (unknown, stranger), (member, stranger)])
    page = signed_in.get("/user/stranger/followers/").content.decode()
    assert re.findall(r'action="/user/(\w+/\w+)/"', page) == ["unknown/follow", "known/unfollow"]
    assert 'aria-label="Follow unknown"' in page


def test_a_guest_has_no_buttons(client: Client, member: User, stranger: User) -> None:
    follow_in_turn([(member, stranger)])
    assert "/follow/" not in client.get("/user/stranger/followers/").content.decode()


@pytest.mark.parametrize("action", ["follow", "unfollow"])
def test_the_button_leads_back_to_the_list(signed_in: Client, stranger: User, action: str) -> None:
    here = "/user/stranger/followers/?before=1-1"
    assert signed_in.post(f"/user/stranger/{action}/", {"next": here})["Location"] == here


@pytest.mark.parametrize("elsewhere", ["https://example.com/", "//example.com", "javascript:alert(1)", ""])
def test_the_button_leads_to_no_other_site(signed_in: Client, stranger: User, elsewhere: str) -> None:
    assert signed_in.post("/user/stranger/follow/", {"next": elsewhere})["Location"] == "/user/stranger/"


@pytest.mark.parametrize(
    ("address", "remedy"),
    [
        ("/user/susan/followers/", 'href="/">Write a post'),
        ("/user/susan/following/", 'href="/explore/">Explore'),
        ("/user/stranger/followers/", 'action="/user/stranger/follow/"'),
        ("/user/stranger/following/", "stranger doesn't follow anyone yet."),
    ],
)
def test_an_empty_list_says_what_to_do(signed_in: Client, stranger: User, address: str, remedy: str) -> None:
    assert remedy in signed_in.get(address).content.decode()


def test_the_profile_counts_and_leads_to_the_lists(client: Client, member: User, stranger: User) -> None:
    follow_in_turn([(stranger, member)])
    page = " ".join(client.get("/user/susan/").content.decode().split())
    assert re.search(r'<a href="/user/susan/followers/" > 1 follower </a>', page)
    assert re.search(r'<a href="/user/susan/following/" > 0 following </a>', page)


def test_more_than_anybody_would_count_are_not_counted(member: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follows, "MAX_COUNTED", 2)
    numbers = []
    for _ in range(3):
        follow_in_turn([(make_member(), member)])
        numbers.append(str(follow_counts(member)["followers"]))
    assert numbers == ["1", "2", "2+"]
