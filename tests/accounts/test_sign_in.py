"""Sign-up, verified e-mail, sign-in, sign-out, passwords, and the admin's door."""

import re
from pathlib import Path

import django_rq
import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.cache import cache
from django.test import Client

from accounts.models import User
from tests.members import PASSWORD

NEW = {"username": "anna", "email": "anna@example.com", "password1": PASSWORD, "password2": PASSWORD}


@pytest.fixture(autouse=True)
def _no_limits_from_other_tests(db: None) -> None:
    cache.clear()


def link_in_mail() -> str:
    found = re.search(r"https?://[^/\s]+(/\S+)", str(mail.outbox[-1].body))
    assert found
    return found.group(1)


def sign_in(client: Client, name: str, password: str = PASSWORD) -> bool:
    client.post("/accounts/login/", {"login": name, "password": password})
    return "_auth_user_id" in client.session


def test_a_new_member_signs_in_only_after_confirming_the_address(client: Client, db: None) -> None:
    assert client.post("/accounts/signup/", NEW)["Location"] == "/accounts/confirm-email/"
    assert not sign_in(client, "anna")
    client.post(link_in_mail())
    assert EmailAddress.objects.get(email="anna@example.com").verified
    assert sign_in(client, "anna")


@pytest.mark.parametrize(
    "changed",
    [
        {"username": "SUSAN"},
        {"username": "two words"},
        {"password1": "12345678", "password2": "12345678"},
        {"password2": "different"},
        {"email": "no address"},
    ],
)
def test_a_sign_up_that_cannot_be_is_refused_and_keeps_what_was_typed(
    client: Client, member: User, changed: dict[str, str]
) -> None:
    response = client.post("/accounts/signup/", {**NEW, **changed})
    assert response.status_code == 200
    assert 'class="invalid-feedback' in response.content.decode()
    assert User.objects.count() == 1


def test_signing_up_with_a_known_address_does_not_betray_it(client: Client, member: User) -> None:
    response = client.post("/accounts/signup/", {**NEW, "email": member.email})
    assert response["Location"] == "/accounts/confirm-email/"
    assert User.objects.filter(email=member.email).count() == 1


@pytest.mark.parametrize("name", ["susan", "SUSAN", "susan@example.com"])
def test_one_signs_in_by_name_or_address(client: Client, member: User, name: str) -> None:
    assert sign_in(client, name)


def test_a_wrong_password_is_refused(client: Client, member: User) -> None:
    assert not sign_in(client, "susan", "wrong")


def test_guessing_is_slowed_down(client: Client, member: User) -> None:
    answers = [client.post("/accounts/login/", {"login": "susan", "password": "wrong"}) for _ in range(12)]
    assert any(b"Too many failed" in answer.content or answer.status_code == 429 for answer in answers)
    assert not sign_in(client, "susan")


def test_signing_out_is_by_post_only(client: Client, member: User) -> None:
    sign_in(client, "susan")
    client.get("/accounts/logout/")
    assert "_auth_user_id" in client.session
    assert client.post("/accounts/logout/")["Location"] == "/accounts/login/"
    assert "_auth_user_id" not in client.session


def test_a_forgotten_password_is_reset_by_email(client: Client, member: User) -> None:
    client.post("/accounts/password/reset/", {"email": "susan@example.com"})
    form = client.get(link_in_mail(), follow=True).redirect_chain[-1][0]
    client.post(form, {"password1": "another-long-one", "password2": "another-long-one"})
    assert sign_in(client, "susan", "another-long-one")


def test_asking_for_an_unknown_address_answers_the_same(client: Client, member: User) -> None:
    known = client.post("/accounts/password/reset/", {"email": "susan@example.com"})
    unknown = client.post("/accounts/password/reset/", {"email": "nobody@example.com"})
    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])


def test_changing_the_password_requires_the_current_one(client: Client, member: User) -> None:
    sign_in(client, "susan")
    new = {"password1": "another-long-one", "password2": "another-long-one"}
    client.post("/accounts/password/change/", {"oldpassword": "wrong", **new})
    client.post("/accounts/password/change/", {"oldpassword": PASSWORD, **new})
    assert sign_in(Client(), "susan", "another-long-one")


def test_the_admins_door_is_the_sites_own(client: Client, staff: User) -> None:
    assert client.get("/admin/", follow=True).redirect_chain[-1][0] == "/accounts/login/?next=%2Fadmin%2F"
    sign_in(client, "staff")
    assert client.get("/admin/").status_code == 200


def test_members_do_not_enter_the_admin(client: Client, member: User) -> None:
    sign_in(client, "susan")
    assert client.get("/admin/").status_code in (302, 403)


@pytest.mark.parametrize("path", ["/accounts/login/", "/accounts/signup/", "/accounts/password/reset/"])
def test_forms_need_the_csrf_token(db: None, path: str) -> None:
    assert Client(enforce_csrf_checks=True).post(path, NEW).status_code == 403


@pytest.mark.parametrize(
    "path",
    ["/admin/posts/post/", "/admin/accounts/user/", "/admin/accounts/follow/", "/admin/notifications/notification/"],
)
def test_staff_see_posts_members_follows_and_notifications(client: Client, staff: User, path: str) -> None:
    client.force_login(staff)
    assert client.get(path).status_code == 200


def test_members_sign_in_while_the_queue_server_is_down(
    client: Client, member: User, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(django_rq.settings.QUEUES["default"], "URL", f"unix://{tmp_path}/nobody.sock")
    assert sign_in(client, "susan")
