"""A mail server that refuses an address, or takes no mail at all: the form says so, and nothing is half done."""

import logging
from collections.abc import Callable
from ssl import SSLCertVerificationError
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.conf import LazySettings
from django.core.cache import cache
from django.test import Client

from accounts.models import User
from accounts.sign_in.mail_errors import is_refusal
from core.mail.sending import NotConnectedError
from tests.mail_faults import SITE_FAULTS, SiteFault, end
from tests.mail_server import MailServer
from tests.members import PASSWORD, make_member, signed_in_client

NEW = {"username": "ada", "email": "ada@example.com", "password1": PASSWORD, "password2": PASSWORD}
REFUSED = "refused this address"
UNAVAILABLE = "send the email just now"

Faulty = Callable[[MailServer], None]


@pytest.fixture(autouse=True)
def no_limits_left_over(db: None) -> None:
    cache.clear()


def refuses(server: MailServer) -> None:
    server.unknown_recipient = "550 no such user"


def puts_off(server: MailServer) -> None:
    server.unknown_recipient = "450 greylisted"


def is_full(server: MailServer) -> None:
    server.refusal = "452 out of space"


def is_down(server: MailServer) -> None:
    server.stop()


FAULTS: list[tuple[Faulty, str]] = [
    (refuses, REFUSED),
    (puts_off, UNAVAILABLE),
    (is_full, UNAVAILABLE),
    (is_down, UNAVAILABLE),
]


def recovered(server: MailServer) -> None:
    server.unknown_recipient = server.refusal = ""
    server.start()


@pytest.mark.parametrize(("fault", "words"), FAULTS)
def test_a_sign_up_whose_mail_fails_can_be_sent_again_at_once(
    client: Client, smtp_server: MailServer, fault: Faulty, words: str
) -> None:
    fault(smtp_server)
    answer = client.post("/accounts/signup/", NEW)
    assert answer.status_code == 200
    assert words in answer.content.decode()
    assert 'id="id_email_error"' in answer.content.decode()
    assert not User.objects.exists()
    smtp_server.stop()
    recovered(smtp_server)
    assert client.post("/accounts/signup/", NEW)["Location"] == "/accounts/confirm-email/"
    assert len(smtp_server.messages) == 1


@pytest.mark.parametrize(("fault", "words"), FAULTS)
def test_a_sign_up_for_an_address_that_has_an_account_answers_the_same(
    client: Client, member: User, smtp_server: MailServer, fault: Faulty, words: str
) -> None:
    fault(smtp_server)
    answer = client.post("/accounts/signup/", {**NEW, "email": member.email})
    assert words in answer.content.decode()
    assert User.objects.count() == 1


@pytest.mark.parametrize("email", ["susan@example.com", "nobody@example.com"])
@pytest.mark.parametrize(("fault", "words"), FAULTS)
@pytest.mark.usefixtures("member")
def test_a_reset_whose_mail_fails_says_so_whoever_the_address_belongs_to(
    client: Client, smtp_server: MailServer, fault: Faulty, words: str, email: str
) -> None:
    fault(smtp_server)
    assert words in client.post("/accounts/password/reset/", {"email": email}).content.decode()


@pytest.mark.parametrize(("fault", "words"), FAULTS)
def test_a_new_address_that_cannot_be_mailed_is_not_kept(
    member: User, smtp_server: MailServer, fault: Faulty, words: str
) -> None:
    fault(smtp_server)
    client = signed_in_client(member)
    form = {"email": "new@example.com", "action_add": ""}
    assert words in client.post("/accounts/email/", form).content.decode()
    assert EmailAddress.objects.count() == 1


@pytest.mark.parametrize(("fault", "words"), FAULTS)
def test_a_resent_email_that_fails_is_reported(
    member: User, smtp_server: MailServer, fault: Faulty, words: str
) -> None:
    EmailAddress.objects.create(user=member, email="new@example.com")
    fault(smtp_server)
    client = signed_in_client(member)
    form = {"email": "new@example.com", "action_send": ""}
    assert words in client.post("/accounts/email/", form, follow=True).content.decode()
    assert EmailAddress.objects.count() == 2


@pytest.mark.parametrize(("fault", "words"), FAULTS)
def test_a_sign_in_before_the_address_is_confirmed_says_that_the_mail_fails(
    client: Client, smtp_server: MailServer, fault: Faulty, words: str
) -> None:
    user = make_member("ada")
    EmailAddress.objects.filter(user=user).update(verified=False)
    fault(smtp_server)
    assert words in client.post("/accounts/login/", {"login": "ada", "password": PASSWORD}).content.decode()


@pytest.mark.parametrize(("fault", "_words"), FAULTS)
def test_a_change_persists_when_its_email_fails(
    member: User, smtp_server: MailServer, fault: Faulty, _words: str
) -> None:
    fault(smtp_server)
    form = {"oldpassword": PASSWORD, "password1": "another-long-one", "password2": "another-long-one"}
    assert signed_in_client(member).post("/accounts/password/change/", form).status_code == 302
    member.refresh_from_db()
    assert member.check_password("another-long-one")


@pytest.mark.parametrize(
    "email", ['"a\\ b"@example.com', '"quoted"@example.com', "x@[127.0.0.1]", "ä@example.com", "a@münchen.example"]
)
def test_odd_addresses_cause_no_server_error(client: Client, smtp_server: MailServer, email: str) -> None:
    form: dict[str, Any] = {**NEW, "email": email}
    assert client.post("/accounts/signup/", form).status_code in {200, 302}
    assert client.post("/accounts/password/reset/", {"email": email}).status_code in {200, 302}


@pytest.mark.parametrize("fault", SITE_FAULTS)
def test_a_server_that_refuses_the_site_refuses_no_address(
    client: Client,
    smtp_server: MailServer,
    settings: LazySettings,
    caplog: pytest.LogCaptureFixture,
    fault: SiteFault,
) -> None:
    fault(smtp_server, settings)
    answer = client.post("/accounts/signup/", NEW).content.decode()
    assert (UNAVAILABLE in answer, REFUSED in answer) == (True, False)
    assert not User.objects.exists()
    assert [record.levelno for record in caplog.records if "could not be sent" in record.message] == [logging.ERROR]
    end(smtp_server, settings)
    assert client.post("/accounts/signup/", NEW)["Location"] == "/accounts/confirm-email/"


def test_a_certificate_that_is_not_trusted_says_nothing_of_an_address() -> None:
    error = SSLCertVerificationError("self-signed certificate")
    assert isinstance(error, ValueError)  # as are addresses that fit in no header
    assert not is_refusal(NotConnectedError(error))
