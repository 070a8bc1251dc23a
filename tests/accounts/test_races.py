"""Visitors who want one name or address at the same moment: each gets an answer, and one of them gets it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from django.core.cache import cache
from django.core.mail import EmailMessage
from django.db import connections
from django.db.models.signals import pre_save
from django.test import Client

from accounts.models import User
from accounts.settings.forms import ProfileForm
from accounts.sign_in.forms import SignupForm
from tests.members import PASSWORD, make_member, signed_in_client

pytestmark = pytest.mark.django_db(transaction=True)

NEW = {"username": "ada", "email": "ada@example.com", "password1": PASSWORD, "password2": PASSWORD}
SIDE_BY_SIDE = 6


@pytest.fixture(autouse=True)
def no_limits_left_over(db: None) -> None:
    cache.clear()


@pytest.fixture
def faster(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that names a member who comes into being between the check of a form and its saving."""
    rivals: list[dict[str, str]] = []

    def after_rival(save: Callable[..., Any]) -> Callable[..., Any]:
        def saved(*args: Any) -> Any:
            if rivals:
                User.objects.bulk_create([User(**rivals.pop())])
            return save(*args)

        return saved

    monkeypatch.setattr(SignupForm, "save", after_rival(SignupForm.save))
    monkeypatch.setattr(ProfileForm, "save_unless_taken", after_rival(ProfileForm.save_unless_taken))
    return lambda **fields: rivals.append(fields)


def test_a_name_that_is_taken_at_the_last_moment_is_an_error_of_the_sign_up(
    client: Client, faster: Callable[..., None], mailoutbox: list[EmailMessage]
) -> None:
    faster(username="Ada", email="other@example.com")
    page = client.post("/accounts/signup/", NEW).content.decode()
    assert 'id="id_username_error"' in page
    assert (User.objects.count(), mailoutbox) == (1, [])


def test_an_address_that_is_taken_at_the_last_moment_is_told_by_email_only(
    client: Client, faster: Callable[..., None], mailoutbox: list[EmailMessage]
) -> None:
    faster(username="other", email="Ada@example.com")
    assert client.post("/accounts/signup/", NEW)["Location"] == "/accounts/confirm-email/"
    assert [mail.subject for mail in mailoutbox] == ["[Microblog] You already have an account"]
    assert not EmailAddress.objects.filter(verified=True).exists()


def test_a_name_that_is_taken_at_the_last_moment_is_an_error_of_the_profile(
    member: User, faster: Callable[..., None], mailoutbox: list[EmailMessage]
) -> None:
    client = signed_in_client(member)
    faster(username="ada")
    answer = client.post("/accounts/profile/", {"username": "ADA", "about_me": "Hello"})
    assert answer.status_code == 422
    assert "The username ADA is taken." in answer.content.decode()
    member.refresh_from_db()
    assert (member.username, member.about_me, mailoutbox) == ("susan", "", [])


def test_a_profile_that_is_saved_brings_no_old_address_back(member: User) -> None:
    client = signed_in_client(member)

    def change_address(**_signal: object) -> None:
        User.objects.filter(pk=member.pk).update(email="new@example.com")

    pre_save.connect(change_address, sender=User)
    client.post("/accounts/profile/", {"username": "susan", "about_me": "Hello"})
    pre_save.disconnect(change_address, sender=User)
    member.refresh_from_db()
    assert (member.about_me, member.email) == ("Hello", "new@example.com")


def all_at_once(requests: list[Callable[[], Any]]) -> list[Any]:
    """Send the requests side by side, each over a connection of its own; return the answers."""

    def send(request: Callable[[], Any]) -> Any:
        try:
            return request()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(requests)) as pool:
        return [*pool.map(send, requests)]


def test_only_one_of_many_visitors_can_sign_up_with_a_name(db: None) -> None:
    def sign_up(number: int) -> Any:
        return Client().post("/accounts/signup/", {**NEW, "email": f"ada{number}@example.com"})

    answers = all_at_once([partial(sign_up, number) for number in range(SIDE_BY_SIDE)])
    assert sorted(answer.status_code for answer in answers) == [200] * (SIDE_BY_SIDE - 1) + [302]
    assert User.objects.count() == EmailAddress.objects.count() == 1


def test_only_one_of_many_members_can_take_a_name(db: None) -> None:
    clients = [signed_in_client(make_member()) for _ in range(SIDE_BY_SIDE)]
    form = {"username": "ada", "about_me": ""}
    answers = all_at_once([partial(client.post, "/accounts/profile/", form) for client in clients])
    assert sorted(answer.status_code for answer in answers) == [302] + [422] * (SIDE_BY_SIDE - 1)


def test_only_one_of_many_members_can_confirm_an_address(db: None) -> None:
    members = [make_member() for _ in range(SIDE_BY_SIDE)]
    addresses = [EmailAddress.objects.create(user=user, email="one@example.com") for user in members]
    links = [f"/accounts/confirm-email/{EmailConfirmationHMAC(address).key}/" for address in addresses]
    answers = all_at_once([partial(Client().post, link) for link in links])
    assert {answer.status_code for answer in answers} <= {200, 302}
    assert User.objects.filter(email="one@example.com").count() == 1
    # The other follows remain.
    assert EmailAddress.objects.filter(primary=True, verified=True).count() == SIDE_BY_SIDE


def test_an_address_that_is_confirmed_many_times_at_once_is_the_only_one_afterwards(member: User) -> None:
    address = EmailAddress.objects.create(user=member, email="new@example.com")
    link = f"/accounts/confirm-email/{EmailConfirmationHMAC(address).key}/"
    answers = all_at_once([lambda: Client().post(link)] * SIDE_BY_SIDE)
    assert {answer.status_code for answer in answers} <= {200, 302}
    assert [*EmailAddress.objects.values_list("email", "primary", "verified")] == [("new@example.com", True, True)]


def test_one_address_that_is_asked_for_many_times_at_once_is_kept_once(member: User) -> None:
    clients = [signed_in_client(member) for _ in range(SIDE_BY_SIDE)]
    form = {"email": "new@example.com", "action_add": ""}
    answers = all_at_once([partial(client.post, "/accounts/email/", form) for client in clients])
    assert {answer.status_code for answer in answers} <= {200, 302}
    assert EmailAddress.objects.filter(email="new@example.com").count() == 1


def staff_clients() -> list[Client]:
    return [signed_in_client(make_member(is_staff=True, is_superuser=True)) for _ in range(SIDE_BY_SIDE)]


def test_only_one_of_many_staff_can_create_a_member(db: None) -> None:
    clients = staff_clients()
    password = {"usable_password": "true", "password1": PASSWORD, "password2": PASSWORD}
    form = {"username": "ada", "email": "ada@example.com", **password}
    answers = all_at_once([partial(client.post, "/admin/accounts/user/add/", form) for client in clients])
    assert sorted(answer.status_code for answer in answers) == [200] * (SIDE_BY_SIDE - 1) + [302]


def test_only_one_of_many_staff_can_assign_a_name(db: None) -> None:
    members = [make_member() for _ in range(SIDE_BY_SIDE)]
    addresses = [f"/admin/accounts/user/{member.pk}/change/" for member in members]
    form = {"username": "ada", "email": "", "is_active": "on"}
    requests = [partial(client.post, address, form) for client, address in zip(staff_clients(), addresses, strict=True)]
    answers = all_at_once([*requests])
    assert sorted(answer.status_code for answer in answers) == [200] * (SIDE_BY_SIDE - 1) + [302]


def test_only_one_of_many_staff_can_confirm_an_address(db: None) -> None:
    members = [make_member() for _ in range(SIDE_BY_SIDE)]
    forms = [{"user": member.pk, "email": "one@example.com", "verified": "on"} for member in members]
    pages = zip(staff_clients(), forms, strict=True)
    answers = all_at_once([partial(client.post, "/admin/account/emailaddress/add/", form) for client, form in pages])
    assert sorted(answer.status_code for answer in answers) == [200] * (SIDE_BY_SIDE - 1) + [302]


def test_only_one_of_many_staff_can_create_a_role(db: None) -> None:
    form = {"name": "Moderators"}
    answers = all_at_once([partial(client.post, "/admin/auth/group/add/", form) for client in staff_clients()])
    assert sorted(answer.status_code for answer in answers) == [200] * (SIDE_BY_SIDE - 1) + [302]


def test_only_one_of_many_staff_can_create_a_follow(member: User) -> None:
    clients = staff_clients()
    form = {"follower": member.pk, "followed": make_member().pk}
    answers = all_at_once([partial(client.post, "/admin/accounts/follow/add/", form) for client in clients])
    assert sorted(answer.status_code for answer in answers) == [200] * (SIDE_BY_SIDE - 1) + [302]
