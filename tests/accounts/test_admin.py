import pytest
from allauth.account.models import EmailAddress
from django.core.mail import EmailMessage
from django.test import Client

from accounts.members.follows import follow_create
from accounts.models import User
from tests.members import make_member, signed_in_client


@pytest.fixture
def admin(staff: User) -> Client:
    return signed_in_client(staff)


def test_members_are_listed_and_found(admin: Client, member: User, stranger: User) -> None:
    page = admin.get("/admin/accounts/user/?q=susan").content.decode()
    assert "susan@example.com" in page
    assert "stranger@example.com" not in page


def test_a_member_can_be_changed_but_not_their_cursor(admin: Client, member: User) -> None:
    page = admin.get(f"/admin/accounts/user/{member.pk}/change/").content.decode()
    assert 'name="about_me"' in page
    assert 'name="notification_cursor"' not in page
    assert 'name="last_seen"' not in page


def test_follows_are_listed(admin: Client, member: User, stranger: User) -> None:
    follow_create(follower=member, followed=stranger)
    assert "stranger" in admin.get("/admin/accounts/follow/").content.decode()


def test_members_who_are_not_staff_see_no_admin(client: Client, member: User) -> None:
    client.force_login(member)
    assert client.get("/admin/accounts/user/").status_code in {302, 403}


@pytest.mark.parametrize("name", ["a" * 31, ".dot", "-hyphen", "ñandú", "has space", "susan/", "SUSAN", "Stranger"])
def test_a_name_follows_the_sites_rule_here_too(admin: Client, member: User, stranger: User, name: str) -> None:
    password = {"usable_password": "true", "password1": "another-long-one", "password2": "another-long-one"}
    page = admin.post("/admin/accounts/user/add/", {"username": name, "email": "x@example.com", **password})
    assert page.context["errors"]
    form = {"username": name, "email": "other@example.com", "is_active": "on"}
    other = make_member("other")
    answer = admin.post(f"/admin/accounts/user/{other.pk}/change/", form)
    assert answer.context["adminform"].form.has_error("username")
    assert not User.objects.filter(username=name).exists()


def test_a_name_from_before_the_rule_may_stay(admin: Client, db: None) -> None:
    old = make_member("ñandú", email="old@example.com")
    form = {"username": "ñandú", "email": "old@example.com", "is_active": "on", "about_me": "Changed."}
    assert admin.post(f"/admin/accounts/user/{old.pk}/change/", form).status_code == 302
    old.refresh_from_db()
    assert old.about_me == "Changed."


def test_a_name_may_be_written_in_another_case(admin: Client, member: User) -> None:
    form = {"username": "Susan", "email": member.email, "is_active": "on"}
    assert admin.post(f"/admin/accounts/user/{member.pk}/change/", form).status_code == 302


@pytest.mark.parametrize("way", ["add", "change", "confirm"])
@pytest.mark.django_db(transaction=True)
def test_a_member_is_told_of_one_more_address_that_lets_in(
    admin: Client, member: User, mailoutbox: list[EmailMessage], way: str
) -> None:
    other = make_member("other", email="")
    row = EmailAddress.objects.create(user=other if way == "add" else member, email="theirs@example.com")
    page = "/admin/account/emailaddress/"
    form = {"user": member.pk, "email": "theirs@example.com", "verified": "on"}
    if way == "confirm":
        admin.post(page, {"action": "make_verified", "_selected_action": row.pk})
    else:
        admin.post(f"{page}add/" if way == "add" else f"{page}{row.pk}/change/", form)
    assert EmailAddress.objects.filter(user=member, email="theirs@example.com", verified=True).exists()
    assert [(mail.subject, mail.to) for mail in mailoutbox] == [
        ("[Microblog] An email address was added", ["susan@example.com"])
    ]
    assert "theirs@example.com" in mailoutbox[0].body


@pytest.mark.django_db(transaction=True)
def test_a_member_is_not_told_of_the_address_that_they_have(
    admin: Client, member: User, mailoutbox: list[EmailMessage]
) -> None:
    row = EmailAddress.objects.get(user=member)
    admin.post(
        f"/admin/account/emailaddress/{row.pk}/change/", {"user": member.pk, "email": row.email, "verified": "on"}
    )
    assert mailoutbox == []
