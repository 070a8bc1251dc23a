import pytest
from django.test import Client

from accounts.models import User
from tests.members import signed_in_client

ADDRESS = "/accounts/profile/"


@pytest.fixture
def signed_in(member: User) -> Client:
    return signed_in_client(member)


def test_nothing_else_can_be_changed(signed_in: Client, member: User) -> None:
    signed_in.post(ADDRESS, {"username": "susan", "about_me": "", "is_staff": "on", "email": "x@example.com"})
    member.refresh_from_db()
    assert not member.is_staff
    assert member.email == "susan@example.com"


@pytest.mark.parametrize("taken", ["stranger", "STRANGER"])
def test_another_members_name_is_refused_in_whatever_case(signed_in: Client, stranger: User, taken: str) -> None:
    response = signed_in.post(ADDRESS, {"username": taken, "about_me": ""})
    assert response.status_code == 422
    assert f"The username {taken} is taken." in response.content.decode()


def test_the_case_of_ones_own_name_can_be_changed(signed_in: Client, member: User) -> None:
    signed_in.post(ADDRESS, {"username": "Susan", "about_me": ""})
    member.refresh_from_db()
    assert member.username == "Susan"


def test_a_refused_name_does_not_show_as_the_members_own(signed_in: Client) -> None:
    response = signed_in.post(ADDRESS, {"username": "not allowed", "about_me": ""})
    assert '<span class="nav-username">susan</span>' in response.content.decode()


def test_about_me_has_a_limit(signed_in: Client) -> None:
    assert signed_in.post(ADDRESS, {"username": "susan", "about_me": "x" * 141}).status_code == 422


def test_errors_are_tied_to_their_fields(signed_in: Client) -> None:
    page = signed_in.post(ADDRESS, {"username": "a b", "about_me": "x" * 141}).content.decode()
    assert 'aria-describedby="id_username_helptext id_username_error"' in page
    assert 'id="id_username_error"' in page
    assert 'href="#id_about_me"' in page
    assert page.count('aria-invalid="true"') == 2


def test_a_stranger_is_sent_to_sign_in(client: Client, db: None) -> None:
    assert client.get(ADDRESS)["Location"].startswith("/accounts/login/")


def test_a_missing_csrf_token_is_refused(member: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(member)
    assert client.post(ADDRESS, {"username": "mallory", "about_me": ""}).status_code == 403


def test_other_methods_are_refused(signed_in: Client) -> None:
    assert signed_in.put(ADDRESS).status_code == 405
