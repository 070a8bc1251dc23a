"""The page of tokens: made after the password, shown once, and revoked."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts.models import User
from api.forms import MAX_TOKENS
from api.models import ApiToken, Scope
from api.tokens import digest_of, token_find
from tests.api.conftest import token_of
from tests.members import PASSWORD, signed_in_client

PAGE = "/accounts/tokens/"
FORM = {"name": "backup", "scopes": [Scope.EXPORTS_READ, Scope.EXPORTS_WRITE], "days": "30"}
SECRET = re.compile(r"mbt_[\w-]+")


def secret_in(response: Any) -> str:
    """Return the secret on the page."""
    [secret] = SECRET.findall(response.content.decode())
    return str(secret)


def revoke(token: ApiToken) -> str:
    return f"{PAGE}{token.pk}/revoke/"


def test_a_token_is_shown_once_and_stored_as_a_digest(signed_in: Client, susan: User) -> None:
    response = signed_in.post(PAGE, FORM)
    secret, token = secret_in(response), ApiToken.objects.get()
    assert (token.user, token.name, token.scopes) == (susan, "backup", ["exports:read", "exports:write"])
    assert timedelta(days=29) < token.expires_at - timezone.now() < timedelta(days=30)
    assert token.digest == digest_of(secret)
    assert secret not in repr(ApiToken.objects.values())
    assert "no-store" in response["Cache-Control"]
    again = signed_in.get(PAGE).content.decode()
    assert "backup" in again
    assert not SECRET.search(again)


def test_the_secret_is_in_no_session(signed_in: Client) -> None:
    secret = secret_in(signed_in.post(PAGE, FORM))
    assert secret not in repr(dict(signed_in.session.items()))


def test_the_member_gets_an_email_without_the_secret(signed_in: Client, susan: User) -> None:
    secret = secret_in(signed_in.post(PAGE, FORM))
    [message] = mail.outbox
    assert message.to == [susan.email]
    assert "backup" in message.body
    assert "exports:write" in message.body
    assert secret not in message.message().as_string()


def test_the_password_is_asked_for_first_and_the_form_goes_on(susan: User) -> None:
    client = Client()
    client.force_login(susan)
    asked = client.post(PAGE, FORM)
    assert asked.status_code == 302
    assert asked["Location"].startswith("/accounts/reauthenticate/")
    assert not ApiToken.objects.exists()
    wrong = client.post(asked["Location"], {"password": "wrong"})
    assert not SECRET.search(wrong.content.decode())
    assert not ApiToken.objects.exists()
    response = client.post(asked["Location"], {"password": PASSWORD})
    assert token_find(secret_in(response)) == ApiToken.objects.get()
    assert ApiToken.objects.get().scopes == ["exports:read", "exports:write"]
    assert f'action="{PAGE}"' in response.content.decode(), "the page is shown at the password's address"


def test_a_visitor_is_sent_to_sign_in(client: Client, db: None) -> None:
    for response in (client.get(PAGE), client.post(PAGE, FORM), client.post(f"{PAGE}1/revoke/")):
        assert response.status_code == 302
        assert response["Location"].startswith("/accounts/login/")
    assert not ApiToken.objects.exists()


@pytest.mark.parametrize(
    "wrong", [{"name": ""}, {"name": "x" * 65}, {"scopes": []}, {"scopes": ["admin"]}, {"days": "0"}, {"days": "9999"}]
)
def test_a_form_with_a_wrong_value_makes_nothing(signed_in: Client, wrong: dict[str, Any]) -> None:
    response = signed_in.post(PAGE, FORM | wrong)
    assert response.status_code == 422
    assert not ApiToken.objects.exists()
    assert not SECRET.search(response.content.decode())


def test_the_second_token_of_a_name_is_refused(signed_in: Client) -> None:
    signed_in.post(PAGE, FORM)
    response = signed_in.post(PAGE, FORM)
    assert response.status_code == 422
    assert ApiToken.objects.count() == 1


def test_another_members_token_may_have_the_same_name(signed_in: Client, john: User) -> None:
    signed_in.post(PAGE, FORM)
    assert signed_in_client(john).post(PAGE, FORM).status_code == 200


def test_there_is_a_limit(signed_in: Client, susan: User) -> None:
    for number in range(MAX_TOKENS):
        token_of(susan, name=str(number))
    assert signed_in.post(PAGE, FORM).status_code == 422
    assert ApiToken.objects.count() == MAX_TOKENS


def test_a_revoked_token_is_gone(signed_in: Client, susan: User) -> None:
    secret = token_of(susan)
    response = signed_in.post(revoke(ApiToken.objects.get()))
    assert (response.status_code, response["Location"]) == (302, PAGE)
    assert token_find(secret) is None
    assert not ApiToken.objects.exists()


def test_a_token_is_revoked_once(signed_in: Client, susan: User) -> None:
    token_of(susan)
    address = revoke(ApiToken.objects.get())
    signed_in.post(address)
    assert signed_in.post(address).status_code == 404


def test_another_members_token_does_not_exist(susan: User, john: User) -> None:
    secret = token_of(susan)
    client = signed_in_client(john)
    assert client.post(revoke(ApiToken.objects.get())).status_code == 404
    assert "mine" not in client.get(PAGE).content.decode()
    assert token_find(secret)


def test_revoking_takes_a_form(signed_in: Client, susan: User) -> None:
    token_of(susan)
    assert signed_in.get(revoke(ApiToken.objects.get())).status_code == 405
    assert ApiToken.objects.exists()


@pytest.mark.parametrize("address", [PAGE, "{revoke}"])
def test_a_form_of_another_site_does_nothing(susan: User, address: str) -> None:
    token_of(susan)
    client = Client(enforce_csrf_checks=True)
    client.force_login(susan)
    assert client.post(address.format(revoke=revoke(ApiToken.objects.get())), FORM).status_code == 403
    assert ApiToken.objects.count() == 1


def test_the_page_says_when_a_token_was_used_and_whether_it_has_expired(signed_in: Client, susan: User) -> None:
    token_of(susan)
    assert "Never used" in signed_in.get(PAGE).content.decode()
    now = timezone.now()
    ApiToken.objects.update(last_used_at=now, expires_at=now)
    page = signed_in.get(PAGE).content.decode()
    assert "Last used:" in page
    assert "Expired" in page


def test_staff_see_neither_names_nor_digests(susan: User, staff: User) -> None:
    token_of(susan, name="a private name")
    token = ApiToken.objects.get()
    client = signed_in_client(staff)
    for address in ("/admin/api/apitoken/", f"/admin/api/apitoken/{token.pk}/change/"):
        page = client.get(address).content.decode()
        assert "susan" in page
        assert "a private name" not in page
        assert token.digest not in page
