"""Addresses that are none, wherever a view or a middleware reads one: `next`, Referer, Origin."""

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from accounts.models import User
from tests.members import PASSWORD, signed_in_client

MALFORMED = [
    *("http://[", "//[", "https://[::1", "http://]", "//]", "http://[v1.x]", "http://[1]:x", "//\u2100.example"),
    *("\\\\[", "http://a]b/", "///[", "/\\[", "http:///[", "/accounts/login/?next=http://[", "http://a:b:c/"),
    *("\x00", "/%00", "javascript:alert(1)", "http://user:pw@[", "?[", "#[", "/[", " /[", "http:", "//a:99999999/"),
]
OF_ACCOUNTS = ["login", "signup", "logout", "email", "change_password", "set_password", "reset_password"]
OF_ACCOUNTS += ["reauthenticate", "inactive", "email_verification_sent", "reset_password_done"]
PAGES = [
    *(f"account_{name}" for name in OF_ACCOUNTS),
    *("accounts:language", "accounts:delete", "accounts:delete_undo", "posts:timeline", "accounts:profile_edit"),
    *("posts:explore", "exports:list", "inbox:conversations", "notifications:poll", "admin:login", "admin:index"),
]


def in_header(value: str) -> str:
    """Return the value as WSGI has it in a header."""
    return value.encode().decode("latin-1").replace("\x00", "")


@pytest.mark.parametrize("value", ["http://[", "//[", "http://[v1.x]", "//\u2100.example", "http://a]b/"])
@pytest.mark.parametrize("is_signed_in", [False, True])
def test_a_malformed_url_is_neither_a_server_error_nor_a_redirect(member: User, value: str, is_signed_in: bool) -> None:
    client = signed_in_client(member) if is_signed_in else Client()
    header = in_header(value)
    for page in map(reverse, PAGES):
        if page == reverse("account_logout") and is_signed_in:
            continue
        given, headers = {"next": value, "language": "en"}, {"Referer": header, "Origin": header}
        for answer in (client.get(page, given, headers=headers), client.post(page, given, headers=headers)):
            assert answer.status_code < 500
            assert url_has_allowed_host_and_scheme(answer.get("Location", "/"), allowed_hosts=None)


@pytest.mark.parametrize("value", MALFORMED)
def test_a_malformed_next_url_leads_to_a_page_of_this_site(member: User, value: str) -> None:
    cache.clear()
    form = {"login": "susan", "password": PASSWORD, "next": value}
    answer = Client().post("/accounts/login/", form)
    assert answer.status_code == 302
    assert url_has_allowed_host_and_scheme(answer["Location"], allowed_hosts=None)


@pytest.mark.parametrize("value", MALFORMED)
def test_a_refused_form_may_come_from_any_address(member: User, value: str) -> None:
    header = in_header(value)
    for headers in ({"Referer": header}, {"Origin": header}, {"X-Forwarded-Host": header}):
        client = Client(enforce_csrf_checks=True)
        client.force_login(member)
        assert client.post("/", {"body": "x", "next": "http://["}, headers=headers).status_code == 403
