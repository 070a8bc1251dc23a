"""Reauthentication: an open browser alone gives a stranger neither the account nor its data."""

import re
import time
from collections.abc import Iterator

import pytest
from allauth.account.models import EmailAddress
from django.core.cache import cache
from django.core.mail import EmailMessage
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.closing.deletion import deletion_request
from accounts.models import User
from exports.models import Archive
from tests.exports.archives import archive_of
from tests.members import PASSWORD, make_member, signed_in_client

NEW = "new@example.com"
NEW_PASSWORD = {"password1": "another-long-one", "password2": "another-long-one"}

ASKS_FIRST = {"account_email", "exports:download", "exports:mail", "accounts:profile_edit"}
"""A request that is dangerous is repeated after the password."""
HAS_PASSWORD_IN_FORM = {"account_change_password", "accounts:delete", "account_login", "account_reauthenticate"}
PROVED_BY_EMAIL = {
    "account_reset_password",
    "account_set_password",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
    "account_confirm_email",
    "account_email_verification_sent",
    "account_signup",
}
OPENS_NOTHING = {
    # It keeps the account as it is, and tells the member by email.
    "accounts:delete_undo",
    "account_logout",
    "account_inactive",
    "account_confirm_login_code",
    "accounts:language",
    # What everybody sees of a member, and two buttons whose effect the member sees and can undo.
    *(f"accounts:{name}" for name in ("card", "followers", "following", "follow", "unfollow")),
}


notices_are_sent = pytest.mark.django_db(transaction=True)
"""Notices follow the commit, which tests inside a transaction never reach."""


def names(patterns: list[URLPattern | URLResolver], namespace: str = "") -> Iterator[str]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from names(pattern.url_patterns, f"{pattern.namespace}:" if pattern.namespace else namespace)
        else:
            yield f"{namespace}{pattern.name}"


def test_every_page_about_accounts_is_one_of_those_that_are_looked_at_here() -> None:
    of_accounts = {name for name in names(get_resolver().url_patterns) if name.startswith("account")}
    assert of_accounts <= ASKS_FIRST | HAS_PASSWORD_IN_FORM | PROVED_BY_EMAIL | OPENS_NOTHING


@pytest.fixture(autouse=True)
def no_limits_left_over(db: None) -> None:
    cache.clear()


@pytest.fixture
def open_browser(member: User) -> Client:
    """A browser in which the member is signed in, and has not typed the password for long."""
    client = Client()
    client.force_login(member)
    return client


@pytest.fixture
def archive(member: User) -> Archive:
    return archive_of(member, b"{}")


def is_asked(answer: object) -> bool:
    return str(getattr(answer, "url", "")).startswith("/accounts/reauthenticate/?next=")


@pytest.mark.parametrize(
    "form",
    [
        {"email": NEW, "action_add": ""},
        {"email": "pending@example.com", "action_send": ""},
        {"email": "pending@example.com", "action_remove": ""},
        {"email": "pending@example.com", "action_primary": ""},
        {"email": "susan@example.com", "action_remove": ""},
    ],
)
def test_changing_the_address_requires_the_password(
    open_browser: Client, member: User, mailoutbox: list[EmailMessage], form: dict[str, str]
) -> None:
    EmailAddress.objects.create(user=member, email="pending@example.com")
    before = [*EmailAddress.objects.values_list()]
    assert is_asked(open_browser.post("/accounts/email/", form))
    assert [*EmailAddress.objects.values_list()] == before
    assert mailoutbox == []


def test_the_address_is_changed_after_the_password_without_typing_it_again(
    open_browser: Client, mailoutbox: list[EmailMessage]
) -> None:
    page = open_browser.post("/accounts/email/", {"email": NEW, "action_add": ""}).url  # type: ignore[attr-defined]
    open_browser.post(page, {"password": "wrong", "next": "/accounts/email/"})
    assert mailoutbox == []
    open_browser.post(page, {"password": PASSWORD, "next": "/accounts/email/"})
    assert [mail.to for mail in mailoutbox] == [[NEW]]


def test_a_request_pending_reauthentication_stores_no_session_key(open_browser: Client) -> None:
    open_browser.post("/accounts/email/", {"email": NEW, "action_add": ""})
    assert str(open_browser.session.session_key) not in str(dict(open_browser.session))


@notices_are_sent
def test_the_old_address_is_told_of_the_new_one(member: User, mailoutbox: list[EmailMessage]) -> None:
    client = signed_in_client(member)
    client.post("/accounts/email/", {"email": NEW, "action_add": ""})
    client.post(path_in(mailoutbox.pop()))
    [mail] = mailoutbox
    assert (mail.to, mail.subject) == (["susan@example.com"], "[Microblog] Your email address was changed")
    assert NEW in str(mail.body)


def path_in(mail: EmailMessage) -> str:
    found = re.search(r"http://[^/\s]+(/\S+)", str(mail.body))
    assert found, mail.body
    return found[1]


@notices_are_sent
def test_a_name_is_changed_after_the_password_and_told(
    open_browser: Client, member: User, mailoutbox: list[EmailMessage]
) -> None:
    assert is_asked(open_browser.post("/accounts/profile/", {"username": "mallory"}))
    assert User.objects.filter(username="susan").exists()
    assert open_browser.post("/accounts/profile/", {"username": "susan", "about_me": "Hello"}).status_code == 302
    assert mailoutbox == []
    assert signed_in_client(member).post("/accounts/profile/", {"username": "suzy"}).url == "/user/suzy/"  # type: ignore[attr-defined]
    assert [mail.subject for mail in mailoutbox] == ["[Microblog] Your username was changed"]


def test_an_export_is_neither_downloaded_nor_mailed_again_without_the_password(
    open_browser: Client, archive: Archive
) -> None:
    assert is_asked(open_browser.get(f"/exports/{archive.task_id}/download/"))
    assert is_asked(open_browser.post(f"/exports/{archive.task_id}/mail/"))


@pytest.mark.parametrize("password", ["", "wrong"])
def test_an_account_is_not_deleted_without_the_password(open_browser: Client, member: User, password: str) -> None:
    assert open_browser.post("/accounts/delete/", {"password": password}).status_code == 422
    member.refresh_from_db()
    assert member.deletion_due_at is None


@notices_are_sent
def test_an_undone_deletion_is_confirmed_by_email(member: User, mailoutbox: list[EmailMessage]) -> None:
    deletion_request(user=member, session_key=None)
    mailoutbox.clear()
    client = signed_in_client(member)
    for _ in range(2):
        client.post("/accounts/delete/undo/")
    assert [mail.subject for mail in mailoutbox] == ["[Microblog] Your account won't be deleted"]


@notices_are_sent
def test_changing_the_password_requires_the_old_one_and_sends_an_email(
    open_browser: Client, member: User, mailoutbox: list[EmailMessage]
) -> None:
    open_browser.post("/accounts/password/change/", {"oldpassword": "wrong", **NEW_PASSWORD})
    assert mailoutbox == []
    open_browser.post("/accounts/password/change/", {"oldpassword": PASSWORD, **NEW_PASSWORD})
    assert [mail.subject for mail in mailoutbox] == ["[Microblog] Your password was changed"]
    member.refresh_from_db()
    assert member.check_password("another-long-one")


def test_an_old_password_can_be_guessed_twenty_times_an_hour(
    open_browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time()
    codes = []
    for minute in range(59):
        monkeypatch.setattr(time, "time", lambda minute=minute: now + 60.0 * minute)
        codes.append(open_browser.post("/accounts/password/change/", {"oldpassword": "wrong"}).status_code)
    assert codes.count(200) == 20
    assert codes[-1] == 429


@notices_are_sent
@pytest.mark.parametrize("way", ["change", "reset"])
def test_a_new_password_ends_the_other_sessions_and_the_change_to_another_address(
    member: User, mailoutbox: list[EmailMessage], way: str
) -> None:
    client, intruder = signed_in_client(member), signed_in_client(member)
    intruder.post("/accounts/email/", {"email": NEW, "action_add": ""})
    link = path_in(mailoutbox.pop())
    if way == "change":
        client.post("/accounts/password/change/", {"oldpassword": PASSWORD, **NEW_PASSWORD})
    else:
        Client().post("/accounts/password/reset/", {"email": member.email})
        visitor = Client()
        form = visitor.get(path_in(mailoutbox.pop()), follow=True).redirect_chain[-1][0]
        visitor.post(form, NEW_PASSWORD)
    assert mailoutbox[-1].to == ["susan@example.com"]
    assert intruder.get("/messages/").status_code == 302
    assert client.get("/messages/").status_code == (200 if way == "change" else 302)
    intruder.post(link)
    member.refresh_from_db()
    assert member.email == "susan@example.com"


def test_a_member_without_a_password_sets_one_by_email(db: None) -> None:
    user = make_member("odd")
    user.set_unusable_password()
    user.save()
    client = Client()
    client.force_login(user)
    assert client.post("/accounts/password/set/", NEW_PASSWORD).url == "/accounts/password/reset/"  # type: ignore[attr-defined]
    user.refresh_from_db()
    assert not user.has_usable_password()
