"""Whom a session vouches for, and no longer."""

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.test import Client

from accounts.models import Session, User
from tests.members import make_member


@pytest.fixture
def client(member: User) -> Client:
    client = Client()
    client.force_login(member)
    return client


def asker(client: Client) -> Any:
    """Return who the site takes the client's user for: None for a stranger."""
    user = client.get("/notifications/").wsgi_request.user
    return user if user.is_authenticated else None


def change(client: Client, key: str, value: str) -> None:
    session = client.session
    session[key] = value
    session.save()


def test_the_member_comes_with_their_session(
    client: Client, member: User, django_assert_num_queries: Callable[..., Any]
) -> None:
    with django_assert_num_queries(1):
        assert asker(client) == member


def test_a_session_that_has_run_out_is_nobodys(client: Client) -> None:
    Session.objects.update(expire_date="2020-01-01T00:00Z")
    assert asker(client) is None


def test_a_new_password_ends_the_sessions_of_the_old_one(client: Client, member: User) -> None:
    member.set_password("another-long-one")
    member.save()
    assert asker(client) is None
    assert not Session.objects.exists()


def test_a_member_who_was_locked_out_is_out_at_once(client: Client, member: User) -> None:
    User.objects.filter(pk=member.pk).update(is_active=False)
    assert asker(client) is None


def test_a_way_of_signing_in_that_is_no_more_lets_nobody_in(client: Client) -> None:
    change(client, BACKEND_SESSION_KEY, "django.contrib.auth.backends.ModelBackend")
    assert asker(client) is None


def test_a_session_without_proof_of_the_password_is_nobodys(client: Client) -> None:
    change(client, HASH_SESSION_KEY, "")
    assert asker(client) is None


def test_the_sessions_content_decides_not_whose_row_it_is(client: Client, member: User) -> None:
    other = make_member("david")
    Session.objects.update(user=other)
    assert asker(client) == member


def test_a_session_of_a_deleted_member_is_nobodys(client: Client, member: User) -> None:
    member.delete()
    assert asker(client) is None


def test_a_secret_key_that_was_replaced_still_counts_while_it_is_listed(
    client: Client, member: User, settings: LazySettings
) -> None:
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "a new one, after the old one leaked"
    assert asker(client) == member
    assert client.session[SESSION_KEY] == str(member.pk)
