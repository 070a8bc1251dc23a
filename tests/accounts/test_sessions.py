"""Whom a session vouches for, and no longer."""

import asyncio
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.conf import LazySettings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.test import Client

from accounts.models import Session, User
from accounts.sign_in.sessions import SessionStore
from tests.members import make_member


@pytest.fixture
def client(member: User) -> Client:
    client = Client()
    client.force_login(member)
    return client


def asker(client: Client) -> Any:
    """Return who the site takes the client's user for: None for a stranger."""
    user = client.get("/notifications/?since=x").wsgi_request.user
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


def stored_key() -> str:
    return str(Session.objects.get().session_key)


def test_a_stored_session_key_opens_no_session(client: Client) -> None:
    assert client.cookies["sessionid"].value not in {stored_key(), stored_key().strip("#")}
    for key in (stored_key(), stored_key()[1:], f'"{stored_key()}"', stored_key().replace("#", "%23")):
        thief = Client()
        thief.cookies["sessionid"] = key
        assert asker(thief) is None


def test_a_key_is_changed_saved_and_deleted_under_its_digest(client: Client, member: User) -> None:
    store = SessionStore(client.session.session_key)
    assert store.exists(str(store.session_key))
    store["word"] = "kept"
    store.save()
    store.cycle_key()
    assert SessionStore(store.session_key)["word"] == "kept"
    assert Session.objects.count() == 1
    store.flush()
    assert not Session.objects.exists()


@pytest.fixture
def no_event_loop() -> Iterator[None]:
    """Hide the event loop that Playwright keeps in the main thread, once a browser test has run in this process."""
    running = asyncio._get_running_loop()
    asyncio._set_running_loop(None)
    yield
    asyncio._set_running_loop(running)


@pytest.mark.usefixtures("no_event_loop")
def test_the_asynchronous_ways_store_no_key_either(member: User) -> None:
    store = SessionStore()
    async_to_sync(store.acreate)()
    assert stored_key().startswith("#")
    assert async_to_sync(store.aexists)(str(store.session_key))
    async_to_sync(store.adelete)()
    assert not Session.objects.exists()


def test_a_key_stored_by_an_early_release_is_digested_by_the_migration(client: Client, member: User) -> None:
    key = client.cookies["sessionid"].value
    with connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_session SET session_key = %s", [key])
    migration = import_module("accounts.migrations.0009_digest_session_keys")
    state = MigrationExecutor(connection).loader.project_state(("accounts", "0009_digest_session_keys"))
    for _ in range(2):
        migration.digest_keys(state.apps, connection.schema_editor())
        assert stored_key().startswith("#")
        assert asker(client) == member


def test_expired_sessions_are_cleared(client: Client) -> None:
    Session.objects.update(expire_date="2020-01-01T00:00Z")
    call_command("clearsessions")
    assert not Session.objects.exists()
