"""Members: profile, following, being seen, and their rows."""

from datetime import timedelta
from urllib.parse import quote

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.template import Context, Template
from django.test import Client
from django.utils import timezone

from accounts.members.follows import follow_create
from accounts.models import Follow, User
from accounts.validators import username_validators
from tests.members import signed_in_client


@pytest.fixture
def client(member: User) -> Client:
    return signed_in_client(member)


def test_following_twice_is_following_once(client: Client, stranger: User) -> None:
    for _ in range(2):
        assert client.post("/user/stranger/follow/")["Location"] == "/user/stranger/"
    assert Follow.objects.count() == 1


def test_unfollowing_twice_is_fine(client: Client, member: User, stranger: User) -> None:
    follow_create(follower=member, followed=stranger)
    for _ in range(2):
        assert client.post("/user/stranger/unfollow/").status_code == 302
    assert not Follow.objects.exists()


def test_members_cannot_follow_themselves(client: Client, member: User) -> None:
    client.post("/user/susan/follow/")
    assert not Follow.objects.exists()
    with pytest.raises(ValueError, match="'susan' cannot follow themselves"):
        follow_create(follower=member, followed=member)


@pytest.mark.parametrize("action", ["follow", "unfollow"])
def test_following_refuses_get_csrf_faults_strangers_and_unknown_members(
    client: Client, member: User, stranger: User, action: str
) -> None:
    address = f"/user/stranger/{action}/"
    careless = Client(enforce_csrf_checks=True)
    careless.force_login(member)
    assert client.get(address).status_code == 405
    assert careless.post(address).status_code == 403
    assert Client().post(address)["Location"] == f"/accounts/login/?next={quote(address)}"
    assert client.post(f"/user/nobody/{action}/").status_code == 404
    assert not Follow.objects.exists()


def test_the_profile_is_changed_by_its_owner(client: Client, member: User) -> None:
    response = client.post("/accounts/profile/", {"username": "susanna", "about_me": "Hello <b>"})
    assert response["Location"] == "/user/susanna/"
    assert "Hello &lt;b&gt;" in client.get("/user/susanna/").content.decode()


@pytest.mark.parametrize("name", ["Stranger", "", "two words", "a/b", "x" * 31, "<script>", "-dash"])
def test_a_name_that_is_taken_or_unfit_is_refused_and_nothing_is_lost(
    client: Client, member: User, stranger: User, name: str
) -> None:
    response = client.post("/accounts/profile/", {"username": name, "about_me": "my words"})
    assert response.status_code == 422
    assert "my words" in response.content.decode()
    member.refresh_from_db()
    assert member.username == "susan"


@pytest.mark.parametrize("name", ["susan", "Susan_B", "s.b-2", "_", "x" * 30])
def test_good_names_pass(name: str) -> None:
    for validate in username_validators:
        validate(name)


def test_a_name_with_a_line_end_does_not() -> None:
    with pytest.raises(ValidationError):
        username_validators[0]("susan\n")


@pytest.mark.parametrize("other", [{"username": "SUSAN"}, {"username": "x", "email": "Susan@Example.com"}])
def test_names_and_addresses_are_unique_whatever_their_case(member: User, other: dict[str, str]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create(**other)


def test_last_seen_is_written_once_in_five_minutes_and_never_by_the_poll(client: Client, member: User) -> None:
    client.get("/notifications/")
    member.refresh_from_db()
    assert member.last_seen is None
    client.get("/explore/")
    member.refresh_from_db()
    first = member.last_seen
    assert first
    client.get("/explore/")
    member.refresh_from_db()
    assert member.last_seen == first
    User.objects.update(last_seen=timezone.now() - timedelta(minutes=6))
    client.get("/explore/")
    member.refresh_from_db()
    assert member.last_seen
    assert member.last_seen > first


def test_an_avatar_is_made_by_us_without_any_request(member: User) -> None:
    member.username = "<script>"
    picture = Template("{% load members %}{% avatar user 40 %}").render(Context({"user": member}))
    assert picture.startswith('<svg class="avatar" width="40"')
    assert "href" not in picture
    assert "style" not in picture
    assert "&lt;</text>" in picture
