"""Names and addresses that would be more than that: in forms, in mails, in links to other sites.

What is inside a file is tried in `tests/exports/test_archive.py`: names in the ZIP, formulas in the spreadsheet.
"""

import re
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.cache import cache
from django.core.mail import EmailMessage
from django.test import Client

from accounts.models import User
from exports.delivery.archive_email import archive_message
from tests.exports.archives import archive_of
from tests.members import PASSWORD, make_member, signed_in_client

NAMES = [
    "anna\r\nBcc: evil@example.com",
    "anna\nX-Evil: 1",
    "anna\0",
    "anna\u2028Bcc: x",
    "<b>anna</b>",
    "an na",
    "an,na",
]
ADDRESSES = [
    *(
        "a@example.com\r\nBcc: evil@example.com",
        "a@example.com\nBcc:evil@example.com",
        "a@example.com, evil@example.com",
    ),
    *("a@example.com\0", '"a\r\nBcc: x"@example.com', "a@example.com;evil@example.com", "Anna <a@example.com>"),
]
ELSEWHERE = [
    *("https://evil.example/", "//evil.example/", "///evil.example/", "/\\evil.example/", "\\\\evil.example/"),
    *(
        "https:evil.example",
        "http:///evil.example/",
        "javascript:alert(1)",
        "\thttps://evil.example/",
        "/\t/evil.example/",
    ),
    *("data:text/html,x", "https://testserver@evil.example/", "https://testserver.evil.example/", " //evil.example/"),
]


@pytest.fixture(autouse=True)
def _no_limits_from_other_tests(db: None) -> None:
    cache.clear()


@pytest.mark.parametrize(("field", "value"), [*(("username", n) for n in NAMES), *(("email", a) for a in ADDRESSES)])
def test_sign_up_ignores_extra_fields(db: None, mailoutbox: list[EmailMessage], field: str, value: str) -> None:
    form = {"username": "anna", "email": "anna@example.com", "password1": PASSWORD, "password2": PASSWORD}
    response = Client().post("/accounts/signup/", {**form, field: value})
    assert response.status_code == 200
    assert "invalid-feedback" in response.content.decode()
    assert not User.objects.exists()
    assert mailoutbox == []


@pytest.mark.parametrize("name", NAMES)
def test_members_cannot_change_to_a_malformed_name(member: User, name: str) -> None:
    assert signed_in_client(member).post("/accounts/profile/", {"username": name, "about_me": ""}).status_code == 422
    assert User.objects.get().username == "susan"


@pytest.mark.parametrize("address", ADDRESSES)
def test_members_cannot_change_to_a_malformed_email_address(
    member: User, mailoutbox: list[EmailMessage], address: str
) -> None:
    client = Client()
    client.post("/accounts/login/", {"login": "susan", "password": PASSWORD})
    client.post("/accounts/email/", {"email": address, "action_add": ""})
    client.post("/accounts/password/reset/", {"email": address})
    assert mailoutbox == []


@pytest.mark.parametrize(("field", "value"), [*(("username", n) for n in NAMES), *(("email", a) for a in ADDRESSES)])
def test_staff_cannot_save_malformed_names_or_addresses(member: User, staff: User, field: str, value: str) -> None:
    form = {"username": "susan", "email": "susan@example.com", "date_joined_0": "2026-01-01", "date_joined_1": "0:00"}
    response = signed_in_client(staff).post(f"/admin/accounts/user/{member.pk}/change/", {**form, field: value})
    assert response.status_code == 200
    member.refresh_from_db()
    assert (member.username, member.email) == ("susan", "susan@example.com")


@pytest.mark.parametrize("address", ADDRESSES[:2])
def test_a_malformed_address_in_the_database_gets_no_email(member: User, address: str) -> None:
    archive = archive_of(member, b"{}")
    archive.user.email = address
    with pytest.raises(ValueError, match="newlines"):
        archive_message(archive).message()


def test_a_members_name_cannot_inject_email_headers(member: User) -> None:
    archive = archive_of(member, b"{}")
    archive.user.username = "x\r\nBcc: evil@example.com"
    message: Any = archive_message(archive).message()
    assert sorted(message.keys()) == sorted(
        ["Content-Type", "MIME-Version", "Subject", "From", "To", "Date", "Message-ID", "Auto-Submitted"]
    )


def test_the_email_shows_a_name_as_text(member: User) -> None:
    archive = archive_of(member, b"{}")
    archive.user.username = "<b>susan</b>"
    [(html, _type)] = archive_message(archive).alternatives
    assert "&lt;b&gt;susan&lt;/b&gt;" in str(html)


# --- Links elsewhere ------------------------------------------------------------------------------------


@pytest.mark.parametrize("next_page", ELSEWHERE)
def test_no_page_redirects_to_another_site(member: User, next_page: str) -> None:
    visitor, client = Client(), signed_in_client(member)
    form = {"next": next_page, "login": "susan", "password": PASSWORD}
    answers = [
        visitor.post("/accounts/login/", form),
        client.post("/accounts/reauthenticate/", form),
        client.get("/accounts/login/", form),
        client.get("/accounts/signup/", form),
        client.post("/accounts/logout/", form),
    ]
    assert [answer.status_code for answer in answers] == [302] * len(answers)
    for answer in answers:
        assert re.match(r"/(?![/\\\t])", answer["Location"]), answer["Location"]


@pytest.mark.parametrize("path", ["//evil.example", "//evil.example/%2e%2e", "/\\evil.example", "/%5cevil.example"])
def test_appending_a_slash_never_leads_to_another_site(db: None, path: str) -> None:
    response = Client().get("/", PATH_INFO=path)
    assert not response.headers.get("Location", "/").startswith(("//", "/\\", "http"))


# --- The Host header ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host", ["evil.example", "testserver.evil.example", "testserver@evil.example", "evil.example:80"]
)
def test_a_request_for_another_host_is_refused_and_sends_no_email(
    member: User, mailoutbox: list[EmailMessage], host: str
) -> None:
    response = Client().post("/accounts/password/reset/", {"email": member.email}, headers={"Host": host})
    assert response.status_code == 400
    assert "evil" not in response.content.decode()
    assert mailoutbox == []


@pytest.mark.parametrize(
    "headers", [{"X-Forwarded-Host": "evil.example"}, {"Host": "testserver:666"}, {"Host": "evil.example"}]
)
def test_links_in_emails_ignore_the_requests_host(
    member: User, mailoutbox: list[EmailMessage], settings: LazySettings, headers: dict[str, str]
) -> None:
    settings.ALLOWED_HOSTS = ["*"]  # as a careless proxy setup has it
    settings.SITE_URL = "https://microblog.example"
    for address in (member.email, "nobody@example.com"):
        Client().post("/accounts/password/reset/", {"email": address}, headers=headers)
    new = {"username": "anna", "email": "anna@example.com", "password1": PASSWORD, "password2": PASSWORD}
    Client().post("/accounts/signup/", new, headers=headers)
    Client().post("/accounts/signup/", {**new, "email": member.email, "username": "anna2"}, headers=headers)
    links = [link for mail in mailoutbox for link in re.findall(r"\S+://\S+", str(mail.body))]
    assert len(links) == len(mailoutbox) == 4
    assert all(link.startswith("https://microblog.example/accounts/") for link in links), links


def test_a_username_that_looks_like_a_path_matches_no_member(member: User) -> None:
    """A name that is a path, a query or a fragment matches no member and leads to no other page."""
    make_member("a")
    for name in ("a%2f..%2fsusan", "a%3fx", "a%23x", "%2e%2e", "a%00"):
        assert Client().get(f"/user/{name}/").status_code == 404
