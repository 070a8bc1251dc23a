"""The account pages: their emails, responses that don't reveal accounts, and our own templates."""

import re

import pytest
from allauth.account.models import EmailAddress
from django.core.cache import cache
from django.core.mail import EmailMessage
from django.test import Client

from accounts.models import User
from tests.members import PASSWORD, make_member

NEW = {"username": "ada", "email": "ada@example.com", "password1": PASSWORD, "password2": PASSWORD}


@pytest.fixture(autouse=True)
def no_limits_left_over(db: None) -> None:
    cache.clear()


def path_in(mail: EmailMessage) -> str:
    found = re.search(r"http://[^/\s]+(/\S+)", str(mail.body))
    assert found, mail.body
    return found[1]


def test_a_new_member_signs_up_confirms_and_signs_in(client: Client, db: None, mailoutbox: list[EmailMessage]) -> None:
    response = client.post("/accounts/signup/", NEW, follow=True)
    assert "Check your email" in response.content.decode()
    [mail] = mailoutbox
    assert mail.subject == "[Microblog] Welcome! Confirm your email address"
    assert str(mail.body).startswith("Dear ada,\n\nWelcome to Microblog!")
    page = client.get(path_in(mail)).content.decode()
    assert "ada@example.com" in page
    client.post(path_in(mail))
    assert EmailAddress.objects.get(email="ada@example.com").verified
    response = client.post("/accounts/login/", {"login": "ada", "password": PASSWORD})
    assert response["Location"] == "/"


def test_opening_the_link_alone_confirms_nothing(client: Client, db: None, mailoutbox: list[EmailMessage]) -> None:
    client.post("/accounts/signup/", NEW)
    client.get(path_in(mailoutbox[0]))
    assert not EmailAddress.objects.get(email="ada@example.com").verified


def test_an_address_that_has_an_account_is_told_by_mail_only(
    client: Client, member: User, mailoutbox: list[EmailMessage]
) -> None:
    response = client.post("/accounts/signup/", {**NEW, "email": member.email}, follow=True)
    assert "Check your email" in response.content.decode()
    assert User.objects.filter(email=member.email).count() == 1
    assert mailoutbox[0].subject == "[Microblog] You already have an account"


@pytest.mark.parametrize("login", ["susan", "nobody"])
def test_a_wrong_password_and_an_unknown_name_answer_alike(client: Client, member: User, login: str) -> None:
    page = client.post("/accounts/login/", {"login": login, "password": "wrong"}).content.decode()
    assert "The username and/or password you specified are not correct." in page
    assert 'role="alert"' in page


def test_sign_in_never_leads_to_another_site(client: Client, member: User) -> None:
    address = "/accounts/login/?next=https://evil.example/"
    response = client.post(address, {"login": "susan", "password": PASSWORD, "next": "https://evil.example/"})
    assert "evil" not in response["Location"]


def test_too_many_requests_get_a_page_that_helps(client: Client, db: None) -> None:
    for _ in range(21):
        response = client.post("/accounts/password/reset/", {"email": "x@example.com"})
    assert response.status_code == 429
    assert "Wait 5 minutes" in response.content.decode()


@pytest.mark.parametrize("address", ["logout", "password/change", "email"])
def test_a_missing_csrf_token_is_refused(member: User, address: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(member)
    assert client.post(f"/accounts/{address}/").status_code == 403


def test_a_forgotten_password_is_reset_once(client: Client, member: User, mailoutbox: list[EmailMessage]) -> None:
    client.post("/accounts/password/reset/", {"email": member.email})
    [mail] = mailoutbox
    assert mail.subject == "[Microblog] Choose a new password"
    page = client.get(path_in(mail), follow=True)
    address = page.redirect_chain[-1][0]
    response = client.post(address, {"password1": "a-new-password-9", "password2": "a-new-password-9"}, follow=True)
    assert "Your password has been changed" in response.content.decode()
    member.refresh_from_db()
    assert member.check_password("a-new-password-9")
    assert "already been used" in Client().get(path_in(mail)).content.decode()


def test_a_reset_answers_alike_whether_the_address_is_known_or_not(
    client: Client, member: User, mailoutbox: list[EmailMessage]
) -> None:
    known = client.post("/accounts/password/reset/", {"email": member.email}, follow=True)
    unknown = client.post("/accounts/password/reset/", {"email": "nobody@example.com"}, follow=True)
    assert known.redirect_chain == unknown.redirect_chain
    assert "If that address belongs to an account" in unknown.content.decode()
    assert [mail.subject for mail in mailoutbox] == [
        "[Microblog] Choose a new password",
        "[Microblog] This address has no account",
    ]


def test_a_new_address_counts_once_it_is_confirmed(
    client: Client, member: User, mailoutbox: list[EmailMessage]
) -> None:
    client.post("/accounts/login/", {"login": "susan", "password": PASSWORD})
    client.post("/accounts/email/", {"email": "new@example.com", "action_add": ""})
    member.refresh_from_db()
    assert member.email == "susan@example.com"
    assert "new@example.com" in client.get("/accounts/email/").content.decode()
    client.post(path_in(mailoutbox[-1]))
    member.refresh_from_db()
    assert member.email == "new@example.com"


def test_an_account_that_was_deactivated_is_told_so(client: Client, db: None) -> None:
    make_member("gone", is_active=False)
    response = client.post("/accounts/login/", {"login": "gone", "password": PASSWORD}, follow=True)
    assert "_auth_user_id" not in client.session
    assert response.status_code == 200


@pytest.mark.parametrize(
    "address",
    [
        "login",
        "signup",
        "password/reset",
        "password/reset/done",
        "password/reset/key/done",
        "confirm-email",
        "inactive",
    ],
)
def test_the_pages_are_ours(client: Client, db: None, address: str) -> None:
    page = client.get(f"/accounts/{address}/").content.decode()
    assert 'class="site-header"' in page
    assert " style=" not in page
    assert not re.search(r"<script(?![^>]*\bsrc=)", page)
