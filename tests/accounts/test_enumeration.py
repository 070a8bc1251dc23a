"""Whether an account exists cannot be told by the work that a form makes: no clock is needed to see that."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core.cache import cache
from django.core.mail import EmailMessage
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from tests.members import PASSWORD, make_member

NEW = {"username": "ada", "email": "ada@example.com", "password1": PASSWORD, "password2": PASSWORD}


@pytest.fixture(autouse=True)
def members(db: None) -> None:
    cache.clear()
    make_member("susan")
    make_member("gone", is_active=False)
    EmailAddress.objects.filter(user=make_member("new")).update(verified=False)
    odd = make_member("odd")
    odd.set_unusable_password()
    odd.save()
    make_member("plain", email="")
    make_member("capital", email="Capital@example.com")


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter[str]]:
    """Return how often a password was hashed."""
    count: Counter[str] = Counter()
    encode = MD5PasswordHasher.encode

    def counting(self: MD5PasswordHasher, *args: Any) -> Any:
        count["hashed"] += 1
        return encode(self, *args)

    monkeypatch.setattr(MD5PasswordHasher, "encode", counting)
    return iter([count])


def work(address: str, form: dict[str, str], count: Counter[str]) -> tuple[dict[str, Any], int]:
    """Return what a visitor sees of the answer, with the hashes it took; and the number of queries."""
    cache.clear()
    count.clear()
    client = Client()
    with CaptureQueriesContext(
        connection,
    ) as queries:
        answer = client.post(address, form)
    text = re.sub(r'value="[^"]*"', "", answer.content.decode())  # what was typed, and the token
    seen = {
        "status": answer.status_code,
        "location": answer.get("Location"),
        "cookies": sorted(client.cookies),
        "text": text,
        "hashed": count["hashed"],
    }
    return seen, len(queries)


NAMES = ["susan", "SUSAN", "gone", "new", "odd", "plain", "nobody"]
ADDRESSES = [f"{name}@example.com" for name in ("susan", "gone", "new", "odd", "nobody", "capital")]


@pytest.mark.parametrize("logins", [NAMES, ADDRESSES])
def test_a_wrong_password_makes_the_same_work_for_whomever(hashed: Iterator[Counter[str]], logins: list[str]) -> None:
    count = next(hashed)
    found = [work("/accounts/login/", {"login": login, "password": "wrong"}, count) for login in logins]
    assert [seen for seen, _queries in found] == [found[0][0]] * len(found)
    assert found[0][0]["hashed"] == 1


@pytest.mark.parametrize("email", ADDRESSES)
def test_a_sign_up_makes_the_same_work_for_whichever_address(
    hashed: Iterator[Counter[str]], mailoutbox: list[EmailMessage], email: str
) -> None:
    count = next(hashed)
    seen, _queries = work("/accounts/signup/", {**NEW, "email": email}, count)
    assert (seen["status"], seen["location"], seen["hashed"]) == (302, "/accounts/confirm-email/", 1)
    assert [mail.to for mail in mailoutbox] == [[email]]
    assert seen["cookies"] == ["messages", "sessionid"]


def test_a_reset_makes_the_same_work_for_whichever_address(
    hashed: Iterator[Counter[str]], mailoutbox: list[EmailMessage]
) -> None:
    count = next(hashed)
    found = [work("/accounts/password/reset/", {"email": email}, count) for email in ADDRESSES]
    assert [seen for seen, _queries in found] == [found[0][0]] * len(found)
    assert found[0][0]["hashed"] == 0
    assert [mail.to for mail in mailoutbox] == [[email] for email in ADDRESSES]
    counts = {queries for _seen, queries in found}
    assert max(counts) - min(counts) <= 2, counts


def test_a_password_is_looked_at_once_for_who_knows_it(hashed: Iterator[Counter[str]]) -> None:
    count = next(hashed)
    for login in ("susan", "susan@example.com"):
        seen, _queries = work("/accounts/login/", {"login": login, "password": PASSWORD}, count)
        assert (seen["location"], seen["hashed"]) == ("/", 1)


def test_an_address_with_capitals_is_taken_as_it_is_without_them(mailoutbox: list[EmailMessage]) -> None:
    answer = Client().post("/accounts/signup/", {**NEW, "email": "capital@example.com"})
    assert answer.status_code == 302
    assert not User.objects.filter(username="ada").exists()
    assert mailoutbox[0].subject == "[Microblog] You already have an account"
