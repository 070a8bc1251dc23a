import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from accounts.members.follows import follow_create
from accounts.models import Follow, User


@pytest.fixture
def signed_in(client: Client, member: User) -> Client:
    client.force_login(member)
    return client


def test_a_member_follows_another(signed_in: Client, member: User, stranger: User) -> None:
    response = signed_in.post("/user/stranger/follow/", follow=True)
    assert response.redirect_chain == [("/user/stranger/", 302)]
    assert "You now follow stranger." in response.content.decode()
    assert list(member.following.all()) == [stranger]


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
