"""A page acts only for the member it was rendered for, not for one who signs in later in the same browser."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Follow, User
from accounts.sign_in.page_owner import page_owner
from notifications.services import notify
from posts.models import Post
from tests.members import PASSWORD

HEADERS = {"X-Live-Refresh": "1"}


@pytest.fixture
def browser(member: User) -> Client:
    client = Client()
    client.force_login(member)
    return client


def owner_on(client: Client, path: str = "/explore/") -> str:
    found = re.search('data-member="([^"]+)"', client.get(path).content.decode())
    assert found
    return found[1]


def test_each_page_names_its_member_by_what_says_nothing_of_them(browser: Client, member: User, stranger: User) -> None:
    owner = owner_on(browser)
    assert owner == owner_on(browser, "/messages/") == page_owner(member) != page_owner(stranger)
    assert owner not in {str(member.pk), member.username}


def test_its_own_member_gets_the_answer(browser: Client) -> None:
    assert browser.get("/notifications/", headers={"X-Member": owner_on(browser)}).json() == []


@pytest.mark.parametrize("path", ["/notifications/", "/explore/", "/exports/", "/messages/"])
def test_another_members_page_is_told_nothing(browser: Client, stranger: User, path: str) -> None:
    owner = owner_on(browser)
    notify(user_id=stranger.pk, name="news", data="for the stranger")
    browser.force_login(stranger)
    response = browser.get(path, headers={"X-Member": owner} | HEADERS)
    assert (response.status_code, response["Content-Type"]) == (412, "text/plain")
    assert b"stranger" not in response.content
    assert "no-store" in response["Cache-Control"]


@pytest.mark.parametrize("path", ["/exports/", "/user/john/follow/"])
def test_another_members_page_does_nothing(browser: Client, stranger: User, path: str) -> None:
    User.objects.create_user("john", "john@example.com", PASSWORD)
    owner = owner_on(browser)
    browser.force_login(stranger)
    assert browser.post(path, headers={"X-Member": owner} | HEADERS).status_code == 412
    assert not stranger.tasks.exists()
    assert not Follow.objects.exists()


def test_a_plain_form_of_another_members_page_is_refused_with_a_page(member: User, stranger: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    token = sign_in(browser, member)
    browser.post("/accounts/logout/", {"csrfmiddlewaretoken": token})
    sign_in(browser, stranger)
    response = browser.post("/", {"body": "Not mine", "csrfmiddlewaretoken": token})
    assert response.status_code == 403
    assert "nothing was changed" in response.content.decode().lower()
    assert not Post.objects.exists()


def sign_in(browser: Client, user: User) -> str:
    """Sign in as people do; return the token in the forms of the pages from then on."""
    form = {"login": user.username, "password": PASSWORD, "csrfmiddlewaretoken": token_on(browser, "/accounts/login/")}
    assert browser.post("/accounts/login/", form).status_code == 302
    return token_on(browser, "/explore/")


def token_on(browser: Client, path: str) -> str:
    found = re.search('name="csrfmiddlewaretoken" value="([^"]+)"', browser.get(path).content.decode())
    assert found
    return found[1]


def test_a_visitor_without_a_session_is_answered_as_ever(browser: Client) -> None:
    headers = {"X-Member": owner_on(browser)}
    browser.logout()
    assert browser.get("/notifications/", headers=headers).status_code == 403
    assert browser.post(reverse("exports:list"), headers=headers).status_code in {302, 401}
