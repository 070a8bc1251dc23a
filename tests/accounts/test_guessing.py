"""Wrong passwords never lock a member out, yet guessing remains slow."""

import pytest
from django.core.cache import cache
from django.core.mail import EmailMessage
from django.test import Client

from accounts.models import User
from tests.accounts.test_account_safety import path_in
from tests.members import PASSWORD, send_cookie


@pytest.fixture(autouse=True)
def no_limits_left_over(member: User) -> None:
    cache.clear()


def try_from(client: Client, address: str, password: str = "wrong", login: str = "susan") -> int:
    """Try a password from this network address; return the status, which is 200 for a wrong one."""
    answer = client.post("/accounts/login/", {"login": login, "password": password}, REMOTE_ADDR=address)
    return answer.status_code


def guess_from_everywhere(times: int = 130) -> list[int]:
    return [try_from(Client(), f"10.0.{number // 4}.1") for number in range(times)]


@pytest.mark.parametrize("login", ["susan", "SUSAN", "susan@example.com"])
def test_a_stranger_is_stopped_and_the_member_is_not(login: str) -> None:
    stranger = [try_from(Client(), "10.0.0.1", login=login) for _ in range(7)]
    assert stranger == [200] * 5 + [429] * 2
    assert try_from(Client(), "10.0.0.2", PASSWORD, login) == 302


def test_a_browser_that_knows_the_account_lets_the_member_in_whatever_strangers_do(client: Client) -> None:
    assert try_from(client, "10.1.1.1", PASSWORD) == 302
    client.post("/accounts/logout/")
    answers = guess_from_everywhere()
    assert answers.count(200) == 100
    assert try_from(Client(), "10.1.1.1", PASSWORD) == 429
    assert try_from(client, "10.1.1.1", PASSWORD) == 302
    client.post("/accounts/logout/")
    assert try_from(client, "10.0.0.1", PASSWORD, "susan@example.com") == 302


def test_a_known_browser_has_five_guesses_too_and_for_its_own_accounts_only(client: Client, stranger: User) -> None:
    try_from(client, "10.1.1.1", PASSWORD)
    client.post("/accounts/logout/")
    assert [try_from(client, f"10.2.{number}.1") for number in range(6)] == [200] * 5 + [429]
    assert [try_from(client, "10.3.0.1", login="stranger") for _ in range(6)] == [200] * 5 + [429]


@pytest.mark.parametrize("value", ["", "x", "e30:1:x", '{"a": 1}', '"\\000"'])
def test_a_made_up_cookie_makes_no_browser_known(value: str) -> None:
    clients = [Client() for _ in range(6)]
    for client in clients:
        send_cookie(client, "browser", value)
    assert [try_from(client, "10.0.0.1") for client in clients] == [200] * 5 + [429]


def test_a_member_who_is_guessed_at_from_everywhere_gets_in_by_email(mailoutbox: list[EmailMessage]) -> None:
    guess_from_everywhere()
    client = Client()
    assert try_from(client, "10.1.1.1", PASSWORD) == 429
    client.post("/accounts/password/reset/", {"email": "susan@example.com"}, REMOTE_ADDR="10.1.1.1")
    form = client.get(path_in(mailoutbox[0]), follow=True).redirect_chain[-1][0]
    client.post(form, {"password1": "another-long-one", "password2": "another-long-one"}, REMOTE_ADDR="10.1.1.1")
    assert try_from(client, "10.1.1.1", "another-long-one") == 302


def test_the_cookie_names_nobody(client: Client) -> None:
    try_from(client, "10.1.1.1", PASSWORD)
    cookie = client.cookies["browser"]
    assert "susan" not in cookie.value
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
