"""Whether an account exists cannot be told by the work that a form makes: no clock is needed to see that."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core.cache import cache
from django.core.mail import EmailMessage
from django.db import connection, transaction
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from tests.members import PASSWORD, make_member, signed_in_client

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
    assert found[0][0]["hashed"] == (1 if logins is NAMES else 2)


def test_a_sign_up_makes_the_same_work_for_whichever_address(
    hashed: Iterator[Counter[str]], mailoutbox: list[EmailMessage]
) -> None:
    count = next(hashed)
    counts = set()
    for email in ADDRESSES:
        with transaction.atomic():
            seen, queries = work("/accounts/signup/", {**NEW, "email": email}, count)
            transaction.set_rollback(True)
        assert (seen["status"], seen["location"], seen["hashed"]) == (302, "/accounts/confirm-email/", 1)
        assert seen["cookies"] == ["messages", "sessionid"]
        counts.add(queries)
    assert [mail.to for mail in mailoutbox] == [[email] for email in ADDRESSES]
    assert max(counts) - min(counts) <= 2, counts


def test_a_wrong_password_takes_as_many_queries_for_whomever(hashed: Iterator[Counter[str]]) -> None:
    count = next(hashed)
    for logins in (NAMES[:3] + NAMES[-1:], ADDRESSES):
        counts = {work("/accounts/login/", {"login": login, "password": "wrong"}, count)[1] for login in logins}
        assert max(counts) - min(counts) <= 1, counts


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


def test_a_correct_password_is_hashed_once(hashed: Iterator[Counter[str]]) -> None:
    count = next(hashed)
    for login in ("susan", "susan@example.com"):
        seen, _queries = work("/accounts/login/", {"login": login, "password": PASSWORD}, count)
        assert (seen["location"], seen["hashed"]) == ("/", 1)


def test_an_address_is_taken_regardless_of_case(mailoutbox: list[EmailMessage]) -> None:
    answer = Client().post("/accounts/signup/", {**NEW, "email": "capital@example.com"})
    assert answer.status_code == 302
    assert User.objects.get(username="ada").email == ""
    assert mailoutbox[0].subject == "[Microblog] You already have an account"


MINE, MINE_TOO = "a-visitors-own-one", "another-of-a-visitor"


def sign_up_form(name: str, email: str, password: str) -> dict[str, str]:
    return {"username": name, "email": email, "password1": password, "password2": password}


def traces(email: str) -> list[tuple[Any, ...]]:
    """Return all that somebody finds out who signs up as `ada` with this address, and then looks for the account."""
    visitor, member = Client(), signed_in_client(User.objects.get(username="susan"))

    def log_in(login: str, password: str) -> Any:
        return Client().post("/accounts/login/", {"login": login, "password": password})

    steps: list[Callable[[], Any]] = [
        lambda: visitor.post("/accounts/signup/", sign_up_form("ada", email, MINE)),
        lambda: visitor.get("/accounts/confirm-email/"),
        lambda: visitor.get("/accounts/email/"),
        *(partial(Client().get, f"/user/ADA/{page}") for page in ("", "card/", "followers/", "following/")),
        lambda: Client().get("/search/?q=ada&in=members"),
        lambda: Client().post("/accounts/signup/", {**NEW, "email": "fresh@example.com"}),
        lambda: member.post("/user/ada/follow/"),
        lambda: member.post("/messages/ada/", {"body": "Hello"}),
        lambda: member.post("/accounts/profile/", {"username": "ada", "about_me": ""}),
        lambda: member.post("/", {"body": "@ada"}),
        lambda: Client().get("/explore/"),
        lambda: log_in("ada", MINE),
        lambda: log_in("ada", "wrong"),
        lambda: log_in(email, MINE),
        lambda: log_in(email, "wrong"),
        lambda: Client().post("/accounts/password/reset/", {"email": email}),
        lambda: Client().post("/accounts/signup/", sign_up_form("ben", email, MINE_TOO)),
        lambda: log_in(email, MINE),
        lambda: log_in(email, MINE_TOO),
        lambda: member.post("/accounts/email/", {"email": email, "action_add": ""}),
        lambda: log_in(email, PASSWORD + " of susan's"),
        lambda: log_in(email, MINE_TOO),
    ]
    return [seen_in(step(), email) for step in steps]


def seen_in(answer: HttpResponse, email: str) -> tuple[Any, ...]:
    cache.clear()
    differing = r'(?s)(value|[a-z-]*id|data-[a-z-]+)="[^"]*"|<time.*?</time>'
    text = re.sub(differing, "", answer.content.decode())
    location = answer.get("Location", "")
    return answer.status_code, location, sorted(answer.cookies), re.sub(r"/posts/\d+/", "", text.replace(email, ""))


def test_after_a_sign_up_nothing_tells_whether_the_address_had_an_account() -> None:
    make_member("staff")
    EmailAddress.objects.filter(user__username="staff").delete()  # as createsuperuser leaves it
    EmailAddress.objects.create(user=make_member("other"), email="nearly@example.com")
    without_account = undone(lambda: traces("nobody@example.com"))
    assert [status for status, *_rest in without_account[:2]] == [302, 200]
    for name in ("gone", "new", "capital", "staff", "nearly"):
        assert undone(partial(traces, f"{name}@example.com")) == without_account, name


def undone(look: Callable[[], list[tuple[Any, ...]]]) -> list[tuple[Any, ...]]:
    """Return what was seen, and undo what was done for it."""
    with transaction.atomic():
        seen = look()
        transaction.set_rollback(True)
    return seen


def test_claiming_another_members_address_sends_no_link(mailoutbox: list[EmailMessage]) -> None:
    form = {**NEW, "email": "susan@example.com"}
    Client().post("/accounts/signup/", form)
    cache.clear()
    assert Client().post("/accounts/login/", {"login": "ada", "password": PASSWORD}).status_code == 302
    assert [mail.subject for mail in mailoutbox] == ["[Microblog] You already have an account"] * 2
    User.objects.get(username="susan").delete()
    cache.clear()
    Client().post("/accounts/login/", {"login": "ada", "password": PASSWORD})
    link = re.search(r"/accounts/confirm-email/\S+", str(mailoutbox[-1].body))
    assert link
    Client().post(link[0])
    assert User.objects.get(username="ada").email == "susan@example.com"


def test_a_reset_reaches_no_account_that_only_claims_the_address(mailoutbox: list[EmailMessage]) -> None:
    EmailAddress.objects.create(user=User.objects.get(username="susan"), email="typo@example.com")
    Client().post("/accounts/password/reset/", {"email": "typo@example.com"})
    assert "/password/reset/key/" not in str(mailoutbox[0].body)
