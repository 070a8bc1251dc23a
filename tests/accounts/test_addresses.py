"""Addresses are stored in lower case, by whichever path they come, and those of earlier releases are found, too."""

from collections.abc import Callable
from importlib import import_module
from io import StringIO

import pytest
from allauth.account.models import EmailAddress
from django.apps import apps
from django.core import serializers
from django.core.cache import cache
from django.core.mail import EmailMessage
from django.core.management import call_command
from django.db import connection
from django.test import Client

from accounts.models import User
from tests.members import PASSWORD, make_member, signed_in_client

WRITTEN, STORED = "Ada@Example.COM", "ada@example.com"
lower_addresses = import_module("accounts.migrations.0007_lower_case_addresses").lower_addresses


@pytest.fixture(autouse=True)
def no_limits_left_over(db: None) -> None:
    cache.clear()


def by_admin(member: User) -> None:
    root = signed_in_client(make_member("root", is_staff=True, is_superuser=True))
    form = {"username": "susan", "email": WRITTEN, "is_active": "on"}
    assert root.post(f"/admin/accounts/user/{member.pk}/change/", form).status_code == 302


def by_fixture(member: User) -> None:
    member.email = WRITTEN
    for row in serializers.deserialize("json", serializers.serialize("json", [member])):
        row.save()


def by_save(member: User) -> None:
    member.email = WRITTEN
    member.save()
    assert member.email == STORED


def by_bulk_update(member: User) -> None:
    member.email = WRITTEN
    User.objects.bulk_update([member], ["email"])


WAYS: list[Callable[[User], object]] = [
    by_admin,
    by_fixture,
    by_save,
    by_bulk_update,
    lambda member: User.objects.filter(pk=member.pk).update(email=WRITTEN),
    lambda _: User.objects.create_user("ada", WRITTEN),
    lambda _: User.objects.bulk_create([User(username="ada", email=WRITTEN)]),
    lambda _: call_command("createsuperuser", "--noinput", username="ada", email=WRITTEN, stdout=StringIO()),
]


@pytest.mark.parametrize("write", WAYS)
def test_an_address_is_stored_in_lower_case_whichever_way_it_comes(member: User, write: Callable[[User], None]) -> None:
    write(member)
    assert User.objects.filter(email=STORED).count() == 1


def test_a_confirmed_address_is_stored_in_lower_case(member: User) -> None:
    EmailAddress.objects.create(user=member, email=WRITTEN)
    assert EmailAddress.objects.filter(user=member, email=STORED).exists()


def store(user: User, email: str) -> None:
    """Store an address as an earlier release did."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_user SET email = %s WHERE id = %s", [email, user.pk])


def old_member(name: str, email: str, *, verified: bool = True) -> User:
    user = make_member(name, email="")
    store(user, email)
    EmailAddress.objects.bulk_create([EmailAddress(user=user, email=email, verified=verified, primary=True)])
    return user


def migrate() -> None:
    with connection.schema_editor() as editor:
        lower_addresses(apps, editor)


def test_an_old_address_with_capitals_resets_its_password(mailoutbox: list[EmailMessage]) -> None:
    store(make_member("ada", email=""), WRITTEN)
    Client().post("/accounts/password/reset/", {"email": WRITTEN})
    assert "/password/reset/key/" in str(mailoutbox[0].body)


@pytest.mark.django_db(transaction=True)
def test_the_upgrade_lowers_old_addresses(mailoutbox: list[EmailMessage]) -> None:
    ada = old_member("ada", WRITTEN)
    ben = old_member("ben", "Ben@MÜNCHEN.example", verified=False)
    plain = old_member("plain", "plain@example.com")
    migrate()
    migrate()  # again, as after an interrupted upgrade
    for user, email in ((ada, STORED), (ben, "ben@münchen.example"), (plain, "plain@example.com")):
        user.refresh_from_db()
        assert (user.email, *user.emailaddress_set.values_list("email")[0]) == (email, email)
    assert Client().post("/accounts/login/", {"login": STORED, "password": PASSWORD})["Location"] == "/"


@pytest.mark.django_db(transaction=True)
def test_the_upgrade_keeps_every_row_where_addresses_differ_by_case_alone() -> None:
    """Two addresses of one account become one that is all they were; of two accounts', the confirmed one stays."""
    ada = old_member("ada", WRITTEN)
    ben = old_member("ben", "ben@example.com")
    EmailAddress.objects.bulk_create(
        [
            EmailAddress(user=ada, email=STORED),
            EmailAddress(user=ben, email="Shared@example.com", verified=True),
            EmailAddress(user=ada, email="shared@example.com", verified=True),
        ]
    )
    migrate()
    rows = EmailAddress.objects.order_by("pk").values_list("user__username", "email", "verified", "primary")
    assert [*rows] == [
        ("ada", WRITTEN, True, False),
        ("ben", "ben@example.com", True, True),
        ("ada", STORED, True, True),
        ("ben", "Shared@example.com", True, False),
        ("ada", "shared@example.com", True, False),
    ]
    assert Client().post("/accounts/login/", {"login": WRITTEN, "password": PASSWORD})["Location"] == "/"


@pytest.mark.django_db(transaction=True)
def test_the_upgrade_continues_where_the_index_takes_two_addresses_for_one_person() -> None:
    """The databases' LOWER knows ASCII alone, in SQLite and in PostgreSQL's locale C."""
    one, other = old_member("one", "x@MÜNCHEN.example"), old_member("other", "x@münchen.example")
    migrate()
    assert {*User.objects.values_list("pk")} == {(one.pk,), (other.pk,)}
    assert EmailAddress.objects.count() == 2
