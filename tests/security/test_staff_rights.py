"""Staff can't use the admin to gain rights or take over accounts."""

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission
from django.core.mail import EmailMessage
from django.core.management.sql import emit_post_migrate_signal
from django.test import Client

from accounts.models import User
from operations.roles import ROLES
from tests.members import PASSWORD, make_member, signed_in_client

USERS, ADDRESSES, GROUPS = "/admin/accounts/user/", "/admin/account/emailaddress/", "/admin/auth/group/"
NEW = {"usable_password": "true", "password1": "another-long-one", "password2": "another-long-one"}
EVERY = "every permission but those of superusers"


def staff_with(*rights: str) -> Client:
    """Return a member of staff with a role, permissions by their codenames, or with EVERY permission there is."""
    emit_post_migrate_signal(verbosity=0, interactive=False, db="default")
    user = make_member(is_staff=True)
    user.groups.set(Group.objects.filter(name__in=rights))
    user.user_permissions.set(
        Permission.objects.all() if EVERY in rights else Permission.objects.filter(codename__in=rights)
    )
    return signed_in_client(user)


def form_of(user: User, **changes: Any) -> dict[str, Any]:
    """Return what the form of a member sends."""
    return {"username": user.username, "email": user.email, "is_active": "on", "about_me": "", **changes}


def state() -> list[Any]:
    """Return everything that grants sign-in or rights."""
    users = User.objects.order_by("pk").values_list(
        "username", "email", "password", "is_staff", "is_superuser", "is_active"
    )
    rights: list[Any] = [User.groups.through, User.user_permissions.through, Group.permissions.through]
    rows = [list(model.objects.order_by("pk").values()) for model in (EmailAddress, Group, *rights)]
    return [list(users), rows]


@pytest.fixture
def colleague(db: None) -> User:
    """Return a member of staff with a role."""
    emit_post_migrate_signal(verbosity=0, interactive=False, db="default")
    user = make_member("colleague", is_staff=True)
    user.groups.add(Group.objects.get(name="Operators"))
    return user


@pytest.fixture
def suspended(db: None) -> User:
    """Return somebody who has rights as soon as they are staff again."""
    user = make_member("suspended")
    user.user_permissions.add(Permission.objects.get(codename="delete_post"))
    return user


by_rights = pytest.mark.parametrize(
    "rights",
    [
        *((role,) for role in ROLES),
        *(("view_user", "change_user"), ("view_emailaddress", "change_emailaddress", "add_emailaddress")),
        *(("view_group", "change_group", "add_group", "delete_group"), ("change_permission",), (EVERY,)),
    ],
    ids="+".join,
)


@by_rights
@pytest.mark.parametrize("whose", ["staff", "colleague", "suspended"])
def test_only_superusers_edit_accounts_with_permissions(
    rights: tuple[str, ...], whose: str, request: pytest.FixtureRequest
) -> None:
    victim: User = request.getfixturevalue(whose)
    address = EmailAddress.objects.get(user=victim)
    client = staff_with(*rights)
    before = state()
    mine = {"user": str(victim.pk), "email": "mine@example.com", "verified": "on", "primary": "on"}
    for path, form in (
        (f"{USERS}{victim.pk}/change/", form_of(victim, email="mine@example.com", is_active="")),
        (f"{USERS}{victim.pk}/password/", NEW),
        (f"{ADDRESSES}{address.pk}/change/", mine),
        (f"{ADDRESSES}add/", mine),
        (f"{ADDRESSES}{address.pk}/delete/", {"post": "yes"}),
    ):
        assert client.post(path, form).status_code == 403, path
    client.post(
        USERS, {"action": "erase", "_selected_action": [victim.pk], "post": "yes"}
    ) if whose != "suspended" else None
    assert state() == before


@by_rights
def test_only_superusers_grant_permissions(rights: tuple[str, ...], member: User) -> None:
    client = staff_with(*rights)
    own = User.objects.get(pk=client.session["_auth_user_id"])
    group = Group.objects.create(name="new")
    everything = [str(permission.pk) for permission in Permission.objects.all()]
    gifts = {"is_staff": "on", "is_superuser": "on", "groups": [str(group.pk)], "user_permissions": everything}
    before = state()
    for user in (member, own):
        client.post(f"{USERS}{user.pk}/change/", form_of(user, **gifts))
    client.post(f"{GROUPS}{group.pk}/change/", {"name": "new", "permissions": everything})
    client.post(f"{GROUPS}add/", {"name": "newer", "permissions": everything})
    client.post(f"{GROUPS}{group.pk}/delete/", {"post": "yes"})
    client.post(GROUPS, {"action": "delete_selected", "_selected_action": [group.pk], "post": "yes"})
    assert state() == before


@by_rights
def test_anothers_email_address_gives_no_access_to_their_account(rights: tuple[str, ...], member: User) -> None:
    unverified = EmailAddress.objects.create(user=member, email="mine@example.com", verified=False)
    client = staff_with(*rights)
    before = state()
    client.post(ADDRESSES, {"action": "make_verified", "_selected_action": [unverified.pk]})
    client.post(ADDRESSES, {"action": "delete_selected", "_selected_action": [unverified.pk], "post": "yes"})
    client.post(
        f"{ADDRESSES}{unverified.pk}/change/", {"user": member.pk, "email": "mine@example.com", "verified": "on"}
    )
    client.post(f"{ADDRESSES}add/", {"user": member.pk, "email": "more@example.com", "verified": "on", "primary": "on"})
    assert state() == before


def test_a_new_member_made_by_staff_has_no_rights(db: None) -> None:
    client = staff_with("add_user", "change_user", "view_user")
    form = {"username": "fresh", "email": "fresh@example.com", **NEW, "is_staff": "on", "is_superuser": "on"}
    assert client.post(f"{USERS}add/", form).status_code == 302
    fresh = User.objects.get(username="fresh")
    assert (fresh.is_staff, fresh.is_superuser, fresh.groups.exists()) == (False, False, False)


def test_staff_with_change_permission_can_edit_a_member(member: User) -> None:
    client = staff_with("change_user", "view_user")
    assert client.post(f"{USERS}{member.pk}/change/", form_of(member, about_me="Hello.")).status_code == 302
    member.refresh_from_db()
    assert member.about_me == "Hello."


def test_superusers_can_change_accounts_addresses_and_roles(staff: User, colleague: User) -> None:
    client = signed_in_client(staff)
    address = EmailAddress.objects.get(user=colleague)
    group = Group.objects.get(name="Operators")
    for path, form in (
        (f"{USERS}{colleague.pk}/change/", form_of(colleague, is_staff="")),
        (f"{USERS}{colleague.pk}/password/", NEW),
        (f"{ADDRESSES}{address.pk}/change/", {"user": colleague.pk, "email": address.email}),
        (f"{GROUPS}{group.pk}/change/", {"name": "Operators", "permissions": []}),
    ):
        assert client.post(path, form).status_code == 302, path
    colleague.refresh_from_db()
    assert not colleague.is_staff
    assert not group.permissions.exists()


def test_setting_a_password_requires_the_staff_members_own(staff: User, member: User) -> None:
    client = Client()
    client.force_login(staff)  # as if the password had been typed long ago
    response = client.post(f"{USERS}{member.pk}/password/", NEW)
    assert response["Location"].startswith("/accounts/reauthenticate/")
    member.refresh_from_db()
    assert member.check_password(PASSWORD)


def open_browser(user: User) -> Client:
    """Return a browser in which staff are signed in, and have not typed their password for long."""
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.parametrize("rights", ["superuser", "change_user"])
def test_staff_confirm_their_password_before_changing_sign_in_details(rights: str, staff: User, member: User) -> None:
    client = open_browser(staff)
    if rights != "superuser":
        client = open_browser(User.objects.get(pk=staff_with(rights, "delete_user").session["_auth_user_id"]))
    address = EmailAddress.objects.get(user=member)
    before = state()
    mine = {"user": str(member.pk), "email": "mine@example.com", "verified": "on"}
    for path, form in (
        (f"{USERS}{member.pk}/change/", form_of(member, email="mine@example.com", is_superuser="on")),
        (f"{USERS}{member.pk}/password/", NEW),
        (f"{USERS}add/", {"username": "fresh", "email": "fresh@example.com", **NEW}),
        (USERS, {"action": "erase", "_selected_action": [member.pk], "post": "yes"}),
        (f"{ADDRESSES}add/", mine),
        (f"{ADDRESSES}{address.pk}/change/", mine),
        (f"{GROUPS}add/", {"name": "newer"}),
    ):
        response = client.post(path, form)
        assert response.status_code == 403 or response["Location"].startswith("/accounts/reauthenticate/"), path
    assert state() == before
    kept = str(dict(client.session))
    assert NEW["password1"] not in kept
    assert str(client.session.session_key) not in kept


def test_view_permission_needs_no_password_confirmation(member: User) -> None:
    client = open_browser(User.objects.get(pk=staff_with("view_user").session["_auth_user_id"]))
    assert client.get(f"{USERS}{member.pk}/change/").status_code == 200


def test_members_are_told_when_staff_change_how_they_sign_in(
    member: User, mailoutbox: list[EmailMessage], django_capture_on_commit_callbacks: Any
) -> None:
    client = staff_with("change_user", "view_user")
    with django_capture_on_commit_callbacks(execute=True):
        client.post(f"{USERS}{member.pk}/change/", form_of(member, username="suzy", email="new@example.com"))
        client.post(f"{USERS}{member.pk}/password/", NEW)
        client.post(f"{USERS}{member.pk}/change/", form_of(User.objects.get(pk=member.pk), about_me="Hello."))
    assert [mail.to for mail in mailoutbox] == [["susan@example.com"]] * 3
    told = " ".join(str(mail.body) for mail in mailoutbox)
    assert all(words in told for words in ("new@example.com", "suzy", "password was changed"))
    assert told.count("The site's staff made this change.") == 3
    assert "127.0.0.1" not in told  # staff's own


@pytest.mark.parametrize("role", [*ROLES, "view_user"])
def test_view_permission_shows_no_password_details(role: str, staff: User, member: User) -> None:
    """Django shows the algorithm, and how the salt and the hash begin."""
    client = staff_with(role)
    for user in (staff, member):
        page = client.get(f"{USERS}{user.pk}/change/")
        assert page.status_code == 200
        parts = user.password.split("$")
        assert not any(part[:6] in page.content.decode() for part in parts[1:])
        assert "algorithm" not in page.content.decode()


def test_staff_who_may_set_passwords_see_the_button(staff: User, member: User) -> None:
    for client in (signed_in_client(staff), staff_with("change_user", "view_user")):
        assert 'href="../password/"' in client.get(f"{USERS}{member.pk}/change/").content.decode()


def test_the_log_contains_no_email_addresses_or_posts(staff: User, member: User) -> None:
    """It can be read by staff who may read neither, and long after member and post are gone."""
    address = EmailAddress.objects.get(user=member)
    other = EmailAddress.objects.create(user=member, email="other@example.com")
    posts = [member.posts.create(body=f"regrettable words {number}") for number in range(3)]
    client = signed_in_client(staff)
    listed = {"action": "delete_selected", "post": "yes", "_selected_action": [post.pk for post in posts[1:]]}
    for path, form in (
        (f"{ADDRESSES}{address.pk}/change/", {"user": member.pk, "email": address.email, "primary": "on"}),
        (f"{ADDRESSES}add/", {"user": member.pk, "email": "more@example.com"}),
        (f"{ADDRESSES}{other.pk}/delete/", {"post": "yes"}),
        (f"/admin/posts/post/{posts[0].pk}/delete/", {"post": "yes"}),
        ("/admin/posts/post/", listed),
    ):
        assert client.post(path, form).status_code == 302, path
    assert not member.posts.exists()
    log = staff_with("view_logentry").get("/admin/admin/logentry/")
    assert log.context["cl"].result_count == LogEntry.objects.count() == 6
    written = log.content.decode() + str(list(LogEntry.objects.values()))
    assert "@example.com" not in written
    assert "regrettable" not in written
    assert f"#{posts[0].pk}" in written
