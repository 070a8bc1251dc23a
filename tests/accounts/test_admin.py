import pytest
from django.test import Client

from accounts.models import User
from accounts.services import follow_create


@pytest.fixture
def admin(client: Client, staff: User) -> Client:
    client.force_login(staff)
    return client


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
