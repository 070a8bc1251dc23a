"""The headers and bodies of all of the site's emails."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.mail import EmailMultiAlternatives
from django.test import Client
from django.utils.html import strip_tags

from accounts.models import User
from core.mail.messages import automatic, paragraphs
from tests.marked_texts import ROOMS
from tests.members import PASSWORD, signed_in_client

ROOT = Path(__file__).resolve().parent.parent.parent
Mails = list[EmailMultiAlternatives]


def sign_up(_member: User) -> None:
    form = {"username": "rosa", "email": "rosa@example.com", "password1": PASSWORD, "password2": PASSWORD}
    Client().post("/accounts/signup/", form)


def sign_up_again(member: User) -> None:
    form = {"username": "rosa", "email": member.email, "password1": PASSWORD, "password2": PASSWORD}
    Client().post("/accounts/signup/", form)


def reset_password(member: User) -> None:
    Client().post("/accounts/password/reset/", {"email": member.email})


def reset_unknown_password(_member: User) -> None:
    Client().post("/accounts/password/reset/", {"email": "nobody@example.com"})


def delete_account(member: User) -> None:
    signed_in_client(member).post("/accounts/delete/", {"password": PASSWORD})


@pytest.mark.parametrize("act", [sign_up, sign_up_again, reset_password, reset_unknown_password, delete_account])
def test_an_email_of_an_account_says_the_same_in_plain_and_html_with_a_button(
    member: User, mailoutbox: Mails, act: Callable[[User], None]
) -> None:
    act(member)
    message = mailoutbox[-1]
    [(html, kind)] = message.alternatives
    assert kind == "text/html"
    assert "Microblog</a>" in str(html)
    assert "background:#0b57d0" in str(html)  # the button's
    shown = " ".join(strip_tags(str(html)).split()).replace("&#x27;", "'").replace("&quot;", '"').replace("&amp;", "&")
    for line in str(message.body).splitlines():
        for part in line.partition(": http")[::2] if ": http" in line else (line,):
            assert " ".join(part.split()) in shown
    assert message.extra_headers["Auto-Submitted"] == "auto-generated"


@pytest.mark.parametrize("is_signed_in", [True, False])
def test_an_email_to_an_address_without_an_account_names_nobody(
    member: User, client: Client, mailoutbox: Mails, is_signed_in: bool
) -> None:
    if is_signed_in:
        client.force_login(member)
    client.post("/accounts/password/reset/", {"email": "nobody@example.com"})
    [message] = mailoutbox
    [(html, _kind)] = message.alternatives
    assert str(message.body).startswith("Hello,\n")
    assert "Hello,<" in str(html)


@pytest.mark.django_db(transaction=True)  # a notice follows the commit
def test_a_notice_says_in_which_time_zone_its_time_is(member: User, mailoutbox: Mails) -> None:
    User.objects.filter(pk=member.pk).update(time_zone="Asia/Tokyo")
    form = {"oldpassword": PASSWORD, "password1": "a-new-password-9", "password2": "a-new-password-9"}
    signed_in_client(member).post("/accounts/password/change/", form)
    assert re.search(r"Time: .+ [ap]\.m\. JST\n", str(mailoutbox[-1].body))


@pytest.mark.parametrize("address", ["/accounts/password/change/", "/accounts/reauthenticate/", "/accounts/delete/"])
def test_password_managers_learn_whose_password_is_asked_for(member: User, address: str) -> None:
    page = signed_in_client(member).get(address).content.decode()
    assert f'autocomplete="username" value="{member.username}" readonly hidden' in page


def test_every_email_is_made_here_or_marked_as_these_are() -> None:
    for file in sources():
        text = file.read_text()
        makes_one = any(
            word in text for word in ("EmailMessage(", "EmailMultiAlternatives(", "send_mail(", "mail_admins(")
        )
        assert not makes_one or "automatic(" in text or "AUTOMATIC" in text or "get_adapter().send_mail" in text, file


def sources() -> Iterator[Path]:
    for app in ROOMS:
        yield from (ROOT / app).rglob("*.py")


def test_only_addresses_of_the_site_become_links(settings: LazySettings) -> None:
    settings.SITE_URL = "https://microblog.example"
    text = "Open this: https://microblog.example/a/\n\nBrowser: https://evil.example/\n\n<b> http://microblog.example.evil/"
    button, stranger, third = paragraphs(text)
    assert 'href="https://microblog.example/a/"' in button
    assert "href" not in stranger
    assert "href" not in third
    assert "&lt;b&gt;" in third


def test_an_address_with_special_characters_is_escaped_once(settings: LazySettings) -> None:
    settings.SITE_URL = "https://microblog.example"
    [link] = paragraphs("See https://microblog.example/?a=1&b=2 please")
    assert 'href="https://microblog.example/?a=1&amp;b=2"' in link


def test_the_message_is_whole() -> None:
    message = automatic(EmailMultiAlternatives("S", "One\n\nTwo", to=["a@example.com"])).message()
    assert message["Auto-Submitted"] == "auto-generated"
    assert [part.get_content_type() for part in message.walk()] == ["multipart/alternative", "text/plain", "text/html"]
