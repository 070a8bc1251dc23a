import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from accounts.models import Follow, User
from accounts.services import follow_create, follow_delete


@pytest.fixture
def signed_in(client: Client, member: User) -> Client:
    client.force_login(member)
    return client


def test_a_member_follows_another(signed_in: Client, member: User, stranger: User) -> None:
    response = signed_in.post("/user/stranger/follow/", follow=True)
    assert response.redirect_chain == [("/user/stranger/", 302)]
    assert "You follow stranger now." in response.content.decode()
    assert list(member.following.all()) == [stranger]


def test_following_again_changes_nothing(signed_in: Client, member: User, stranger: User) -> None:
    signed_in.post("/user/stranger/follow/")
    signed_in.post("/user/stranger/follow/")
    assert Follow.objects.count() == 1


def test_nobody_follows_themselves(signed_in: Client, member: User) -> None:
    response = signed_in.post("/user/susan/follow/", follow=True)
    assert "You cannot follow yourself." in response.content.decode()
    assert not Follow.objects.exists()


def test_the_service_refuses_following_oneself_by_name(member: User) -> None:
    with pytest.raises(ValueError, match="'susan'"):
        follow_create(follower=member, followed=member)


def test_the_database_refuses_following_oneself_and_following_twice(member: User, stranger: User) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Follow.objects.create(follower=member, followed=member)
    Follow.objects.create(follower=member, followed=stranger)
    with pytest.raises(IntegrityError), transaction.atomic():
        Follow.objects.create(follower=member, followed=stranger)


def test_a_member_follows_no_longer(signed_in: Client, member: User, stranger: User) -> None:
    follow_create(follower=member, followed=stranger)
    follow_create(follower=stranger, followed=member)
    response = signed_in.post("/user/stranger/unfollow/", follow=True)
    assert "You no longer follow stranger." in response.content.decode()
    assert list(Follow.objects.values_list("follower", flat=True)) == [stranger.pk]


def test_unfollowing_again_changes_nothing(member: User, stranger: User) -> None:
    assert follow_delete(follower=member, followed=stranger) is False


@pytest.mark.parametrize("action", ["follow", "unfollow"])
def test_a_stranger_is_sent_to_sign_in(client: Client, member: User, action: str) -> None:
    response = client.post(f"/user/susan/{action}/")
    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/login/")
    assert not Follow.objects.exists()


@pytest.mark.parametrize("action", ["follow", "unfollow"])
def test_get_is_refused(signed_in: Client, stranger: User, action: str) -> None:
    assert signed_in.get(f"/user/stranger/{action}/").status_code == 405
    assert not Follow.objects.exists()


@pytest.mark.parametrize("action", ["follow", "unfollow"])
def test_a_missing_csrf_token_is_refused(member: User, stranger: User, action: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(member)
    response = client.post(f"/user/stranger/{action}/")
    assert response.status_code == 403
    assert "Nothing was changed" in response.content.decode()
    assert not Follow.objects.exists()


def test_nobody_of_that_name_is_404(signed_in: Client) -> None:
    assert signed_in.post("/user/nobody/follow/").status_code == 404
