from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.members.last_seen import member_saw
from accounts.models import User


@pytest.fixture
def signed_in(client: Client, member: User) -> Client:
    client.force_login(member)
    return client


def last_seen(member: User) -> datetime | None:
    return User.objects.values_list("last_seen", flat=True).get(pk=member.pk)


def test_a_second_page_within_five_minutes_writes_nothing(signed_in: Client, member: User) -> None:
    before = timezone.now() - timedelta(minutes=4, seconds=50)
    User.objects.filter(pk=member.pk).update(last_seen=before)
    signed_in.get("/explore/")
    assert last_seen(member) == before


def test_a_page_five_minutes_later_is_noticed(signed_in: Client, member: User) -> None:
    before = timezone.now() - timedelta(minutes=5)
    User.objects.filter(pk=member.pk).update(last_seen=before)
    signed_in.get("/explore/")
    assert last_seen(member) != before


def test_a_refresh_in_the_background_is_not_noticed(signed_in: Client, member: User) -> None:
    signed_in.get("/explore/", headers={"X-Live-Refresh": "1"})
    assert last_seen(member) is None


def test_a_button_pressed_on_a_page_that_stays_is_noticed(signed_in: Client, member: User) -> None:
    signed_in.post("/user/susan/unfollow/", headers={"X-Live-Refresh": "1"})
    assert last_seen(member)


def test_of_two_requests_at_once_one_writes(member: User) -> None:
    winner = datetime(2026, 1, 1, tzinfo=UTC)
    User.objects.filter(pk=member.pk).update(last_seen=winner)
    member_saw(member)  # still holds the row as it was before
    assert last_seen(member) == winner
