"""The poll that finds nothing new, which is answered before most of the middleware."""

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.auth import BACKEND_SESSION_KEY, SESSION_KEY
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Session, User
from accounts.sign_in import authentication
from core.maintenance import switch
from notifications import unchanged
from notifications.services import notify
from tests.members import PASSWORD, signed_in_client

FULL_MIDDLEWARE = "Content-Security-Policy"
"""A header that only the rest of the middleware sets."""


@pytest.fixture
def client(member: User) -> Client:
    """A member whose polls find nothing new."""
    client = signed_in_client(member)
    assert is_short(client.get("/notifications/"))
    return client


def is_short(response: Any) -> bool:
    return (response.status_code, response.content) == (200, b"[]") and FULL_MIDDLEWARE not in response


def with_new_middleware(client: Client) -> Client:
    """Return a client with the same cookies, for middleware that has read the settings as they are now."""
    new = Client()
    new.cookies = client.cookies
    return new


def change_session(client: Client, key: str, value: str) -> None:
    session = client.session
    session[key] = value
    session.save()


def change_password(_client: Client, member: User) -> None:
    new = {"oldpassword": PASSWORD, "password1": "another-long-one", "password2": "another-long-one"}
    assert signed_in_client(member).post("/accounts/password/change/", new).status_code == 302


def sign_out_elsewhere(client: Client, _member: User) -> None:
    elsewhere = Client()
    elsewhere.cookies["sessionid"] = client.cookies["sessionid"].value
    elsewhere.post("/accounts/logout/")


ENDS: dict[str, Callable[[Client, User], object]] = {
    "signed out": sign_out_elsewhere,
    "deactivated": lambda _client, member: User.objects.filter(pk=member.pk).update(is_active=False),
    "password changed elsewhere": change_password,
    "expired": lambda _client, _member: Session.objects.update(expire_date=timezone.now()),
    "erased": lambda _client, member: member.delete(),
    "session says nothing": lambda _client, _member: Session.objects.update(session_data="x"),
    "session without its member": lambda _client, _member: Session.objects.update(user=None, session_data="x"),
    "backend no longer in use": lambda client, _member: change_session(client, BACKEND_SESSION_KEY, "gone.Backend"),
    "key of the table": lambda client, _member: client.cookies.load({"sessionid": Session.objects.get().pk}),
    "no key": lambda client, _member: client.cookies.load({"sessionid": "\x00 or 1"}),
    "no cookie": lambda client, _member: client.cookies.clear(),
}


@pytest.mark.parametrize("name", ENDS)
def test_the_first_poll_after_a_sessions_end_gets_403(client: Client, member: User, name: str) -> None:
    ENDS[name](client, member)
    assert client.get("/notifications/").status_code == 403


def test_a_session_that_names_another_member_than_its_row_is_left_to_the_view(
    client: Client, member: User, stranger: User
) -> None:
    Session.objects.update(user=stranger)
    assert not is_short(client.get("/notifications/"))
    change_session(client, SESSION_KEY, str(stranger.pk))
    assert client.get("/notifications/").status_code == 403


def test_nothing_that_is_new_is_lost(client: Client, member: User) -> None:
    notify(user_id=member.pk, name="news", data=1)
    [item] = client.get("/notifications/").json()
    assert is_short(client.get("/notifications/", {"since": item["timestamp"]}))
    notify(user_id=member.pk, name="news", data=2)
    assert [item["data"] for item in client.get("/notifications/", {"since": item["timestamp"]}).json()] == [2]


def test_it_costs_one_query_that_reads(client: Client, django_assert_num_queries: Callable[..., Any]) -> None:
    with django_assert_num_queries(1) as queries:
        assert is_short(client.get("/notifications/"))
    assert queries.captured_queries[0]["sql"].startswith("SELECT")


def test_it_has_the_headers_that_matter_for_json(client: Client, settings: LazySettings) -> None:
    settings.SECURE_HSTS_SECONDS = 60
    response = with_new_middleware(client).get("/notifications/", secure=True)
    assert is_short(response)
    assert response["Content-Type"] == "application/json"
    assert response["Cache-Control"] == "no-store"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["X-Request-ID"]
    assert "Set-Cookie" not in response


@pytest.mark.parametrize("since", ["yesterday", "-1", "nan"])
def test_a_bad_cursor_is_left_to_the_view(client: Client, since: str) -> None:
    assert client.get("/notifications/", {"since": since}).status_code == 400


def test_another_host_is_left_to_the_view(client: Client) -> None:
    assert client.get("/notifications/", headers={"host": "elsewhere.example"}).status_code == 400


@pytest.mark.parametrize("method", ["head", "options", "post", "put", "delete"])
def test_other_methods_are_left_to_the_view(client: Client, method: str) -> None:
    assert getattr(client, method)("/notifications/").status_code == 405


def test_a_page_of_another_member_gets_412(client: Client) -> None:
    assert client.get("/notifications/", headers={"X-Member": "another"}).status_code == 412


def test_a_closed_site_answers_503_without_a_query(
    client: Client, settings: LazySettings, tmp_path: Any, django_assert_num_queries: Callable[..., Any]
) -> None:
    settings.VAR_DIR = tmp_path
    switch().touch()
    with django_assert_num_queries(0):
        assert client.get("/notifications/").status_code == 503


def test_a_poll_without_tls_is_redirected(client: Client, settings: LazySettings) -> None:
    settings.SECURE_SSL_REDIRECT = True
    assert with_new_middleware(client).get("/notifications/").status_code == 301


def test_an_error_is_left_to_the_view_which_checks_the_connection(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(authentication, "QUERY", "SELECT %s + no_such_column WHERE 1 = %s")
    if connection.vendor == "postgresql":
        pytest.skip("the error would end the test's transaction")
    response = client.get("/notifications/")
    assert (response.status_code, response.json()) == (200, [])
    assert FULL_MIDDLEWARE in response


def test_it_answers_the_polls_address() -> None:
    assert reverse("notifications:poll") == unchanged.PATH
