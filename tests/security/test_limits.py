"""Rate limits: clients that exceed them must wait, by address or account, and can't impersonate others."""

import html
import os
import subprocess
import sys
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.cache import cache
from django.test import Client
from rq import Queue

from accounts.models import User
from tasks.models import Task
from tests.exports.archives import archive_of
from tests.members import PASSWORD, make_member, signed_in_client
from tests.security.headers import missing_headers

NEW = {"email": "ada@example.com", "password1": "short", "password2": "short"}


@pytest.fixture(autouse=True)
def _no_limits_from_other_tests(db: None) -> None:
    cache.clear()


def is_asked_to_wait(response: Any) -> bool:
    """Return whether this is the site's own page for who is too fast."""
    if response.status_code != 429:
        return False
    page = response.content.decode()
    assert 'class="site-header"' in page
    assert "Wait 5 minutes, and try again." in page
    assert int(response["Retry-After"]) > 0
    assert not missing_headers(response)
    return True


def sign_in(client: Client, name: str = "susan", password: str = "wrong", **headers: str) -> Any:
    return client.post("/accounts/login/", {"login": name, "password": password}, headers=headers)


def guesses_until_stopped(client: Client, name: str = "", most: int = 40, **headers: str) -> int:
    """Return how many sign-ins fail before one is asked to wait."""
    for number in range(most):
        if is_asked_to_wait(sign_in(client, name or f"name{number}", **headers)):
            return number
    return most


def test_guessing_the_password_of_an_account_ends_after_five(member: User) -> None:
    assert guesses_until_stopped(Client(), "susan") == 5
    assert is_asked_to_wait(sign_in(Client(), password=PASSWORD))
    assert sign_in(Client(), make_member("other").username, PASSWORD).status_code == 302


@pytest.mark.parametrize("spelling", ["SUSAN", " susan "])
def test_the_limit_is_per_account_whatever_the_spelling(member: User, spelling: str) -> None:
    guesses_until_stopped(Client(), "susan")
    assert is_asked_to_wait(sign_in(Client(), spelling))


def test_another_port_in_the_host_header_does_not_reset_the_limit(member: User) -> None:
    answers = [sign_in(Client(), host=f"testserver:{port}") for port in range(1000, 1006)]
    assert is_asked_to_wait(answers[-1])


def test_guessing_names_from_one_address_ends_after_ten(db: None) -> None:
    assert guesses_until_stopped(Client()) == 10


@pytest.mark.parametrize(
    ("address", "form", "limit"),
    [
        ("/accounts/signup/", NEW, 20),
        ("/accounts/password/reset/", {"email": "x@example.com"}, 5),  # for one address, from any client
        ("/accounts/password/reset/", {"email": "x{}@example.com"}, 20),
    ],
)
def test_sign_ups_and_password_resets_are_limited(db: None, address: str, form: dict[str, str], limit: int) -> None:
    client = Client()
    forms = ({name: value.format(n) for name, value in form.items()} for n in range(limit + 1))
    answers = [client.post(address, each) for each in forms]
    assert [is_asked_to_wait(answer) for answer in answers] == [False] * limit + [True]
    assert client.get(address).status_code == 200


def test_the_password_asked_for_before_a_download_cannot_be_guessed(member: User) -> None:
    client = signed_in_client(member)
    answers = [client.post("/accounts/reauthenticate/", {"password": "wrong"}) for _ in range(6)]
    assert [is_asked_to_wait(answer) for answer in answers] == [False] * 5 + [True]


# --- Behind a proxy -------------------------------------------------------------------------------------


def test_without_a_proxy_forwarded_addresses_are_ignored(db: None) -> None:
    answers = [sign_in(Client(), f"name{n}", x_forwarded_for=f"10.0.0.{n}") for n in range(11)]
    assert is_asked_to_wait(answers[-1])


def test_behind_a_proxy_each_client_has_its_own_limit(db: None, settings: LazySettings) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    assert guesses_until_stopped(Client(), x_forwarded_for="10.0.0.1") == 10
    assert not is_asked_to_wait(sign_in(Client(), "another", x_forwarded_for="10.0.0.2"))


def test_behind_a_proxy_only_what_the_proxy_wrote_counts(db: None, settings: LazySettings) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    answers = [sign_in(Client(), f"name{n}", x_forwarded_for=f"10.9.9.{n}, 10.0.0.1") for n in range(11)]
    assert is_asked_to_wait(answers[-1])


def test_with_fewer_addresses_than_proxies_the_peer_counts(db: None, settings: LazySettings) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 3
    answers = [sign_in(Client(), f"name{n}", x_forwarded_for=f"10.0.0.{n}") for n in range(11)]
    assert [answer.status_code for answer in answers[:10]] == [200] * 10
    assert is_asked_to_wait(answers[-1])


# --- Exports --------------------------------------------------------------------------------------------


@pytest.fixture
def three(settings: LazySettings) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"task": "3/10m/user"}


def test_starting_and_cancelling_repeatedly_is_rate_limited(member: User, three: None, redis_queue: Queue) -> None:
    client = signed_in_client(member)
    for _ in range(3):
        assert client.post("/exports/").status_code == 302
        client.post(f"/exports/{Task.objects.order_by('-created_at')[0].pk}/cancel/")
    assert is_asked_to_wait(client.post("/exports/"))
    assert Task.objects.count() == 3
    assert client.get("/exports/").status_code == 200
    assert signed_in_client(make_member()).post("/exports/").status_code == 302


@pytest.mark.parametrize("action", ["retry", "mail"])
def test_retries_and_emails_are_limited(member: User, three: None, redis_queue: Queue, action: str) -> None:
    client, archive = signed_in_client(member), archive_of(member, b"{}")
    answers = [client.post(f"/exports/{archive.task_id}/{action}/") for _ in range(4)]
    assert [is_asked_to_wait(answer) for answer in answers] == [False, False, False, True]


# --- What members do, and searches ----------------------------------------------------------------------


def answers_to(client: Client, address: str, form: dict[str, str] | None = None) -> list[int]:
    return [client.post(address, form or {}).status_code for _ in range(3)]


def test_posting_too_often_keeps_the_text(member: User, settings: LazySettings) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"post": "2/10m/user"}
    client = signed_in_client(member)
    assert answers_to(client, "/", {"body": "hello"})[:2] == [302, 302]
    response = client.post("/", {"body": "my third"})
    assert response.status_code == 429
    assert int(response["Retry-After"]) > 0
    assert "my third" in response.content.decode()
    assert "Your text is still here" in html.unescape(response.content.decode())
    assert member.posts.count() == 2
    assert client.post("/", {"body": ""}).status_code == 422
    assert signed_in_client(make_member()).post("/", {"body": "hello"}).status_code == 302


def test_editing_the_profile_too_often_keeps_the_form(member: User, settings: LazySettings) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"change": "2/10m/user"}
    client = signed_in_client(member)
    form = {"username": "susan", "about_me": "what I wrote"}
    assert answers_to(client, "/accounts/profile/", form) == [302, 302, 429]
    assert "what I wrote" in client.post("/accounts/profile/", form).content.decode()


@pytest.mark.parametrize("button", ["/user/other/follow/", "/user/other/unfollow/", "/posts/{}/remove/"])
def test_pressing_buttons_is_rate_limited(member: User, settings: LazySettings, button: str) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"change": "2/10m/user"}
    make_member("other")
    client, post = signed_in_client(member), member.posts.create(body="hello")
    assert answers_to(client, button.format(post.pk)) == [302, 302, 429]
    assert is_asked_to_wait(client.post(f"/posts/{post.pk}/restore/"))


def test_searches_are_limited_by_client_address(member: User, settings: LazySettings) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"search": "2/m/ip"}
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1

    def search(client: Client, address: str) -> Any:
        return client.get("/search/?q=words", headers={"x-forwarded-for": address})

    visitor, client = Client(), signed_in_client(member)
    assert [search(each, "10.0.0.1").status_code for each in (visitor, client)] == [200, 200]
    assert is_asked_to_wait(search(visitor, "10.0.0.1"))
    assert search(visitor, "10.0.0.2").status_code == 200


def test_every_limit_applies_in_production() -> None:
    code = """
from django.conf import settings
print(*(settings.ACCOUNT_RATE_LIMITS[action] for action in ("post", "change", "search", "task", "message")))
"""
    run = subprocess.run(
        [sys.executable, "-c", code],
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "microblog_project.settings",
            "SECRET_KEY": "x" * 50,
            "DEBUG": "0",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.split() == ["60/10m/user", "120/10m/user", "60/m/ip", "20/10m/user", "30/10m/user"]
