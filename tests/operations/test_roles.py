"""The roles of staff: what each sees, what each may do, and what is refused; and what no staff see at all."""

from importlib import import_module

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.core.management.sql import emit_post_migrate_signal
from django.db.models import FileField
from django.test import Client
from django.urls import reverse
from rq import Queue

from accounts.models import User
from exports.models import Archive
from inbox.services import message_send
from operations.roles import ROLES, roles_ensure
from posts.models import Post
from tasks.models import QueuePause, Task
from tests.exports.archives import archive_of
from tests.members import make_member, signed_in_client

SECRET = "what nobody else may read"
LISTS = {
    "tasks": "/admin/tasks/task/",
    "archives": "/admin/exports/archive/",
    "members": "/admin/accounts/user/",
    "posts": "/admin/posts/post/",
    "log": "/admin/admin/logentry/",
    "follows": "/admin/accounts/follow/",
    "notifications": "/admin/notifications/notification/",
    "groups": "/admin/auth/group/",
    "addresses": "/admin/account/emailaddress/",
    "dashboard": "/admin/django_rq/dashboard/",
}
SEEN = {
    "Support": {"tasks", "archives", "members"},
    "Moderators": {"members", "posts"},
    "Operators": {"tasks", "archives", "members", "log"},
    None: set(),
}
MAY = {
    "Support": {"cancel", "retry", "mail_again"},
    "Moderators": {"delete_selected"},
    "Operators": {"cancel", "retry", "fail", "mail_again", "example", "rebuild_search_index", "pause"},
    None: set(),
}
pytestmark = pytest.mark.usefixtures("roles")
by_role = pytest.mark.parametrize("role", [*ROLES, None])


@pytest.fixture
def roles(db: None) -> None:
    """Have the roles there, as after `manage.py migrate`: tests that empty the database take them away."""
    emit_post_migrate_signal(verbosity=0, interactive=False, db="default")


def staff_as(role: str | None) -> Client:
    user = make_member(is_staff=True)
    if role:
        user.groups.add(Group.objects.get(name=role))
    return signed_in_client(user)


@by_role
def test_each_role_sees_its_lists_and_is_refused_the_others(role: str | None, member: User, redis_queue: Queue) -> None:
    client = staff_as(role)
    answers = {name: client.get(address).status_code for name, address in LISTS.items()}
    assert answers == {name: 200 if name in SEEN[role] else 403 for name in LISTS}


@by_role
def test_each_role_can_do_what_is_its_own(role: str | None, member: User, redis_queue: Queue) -> None:
    client = staff_as(role)
    running = Task.objects.create(user=member, name="export_posts")
    failed = Task.objects.create(user=member, name="export_archive", status="failed")
    archive = archive_of(member, b"{}")
    post = member.posts.create(body="words")
    done = set()
    for action, row in (("cancel", running), ("retry", failed)):
        press(client, LISTS["tasks"], action, row)
    done |= {"cancel"} if status(running) == "cancelled" else set()
    done |= {"retry"} if Task.objects.filter(name="export_archive").count() == 2 else set()
    other = Task.objects.create(user=make_member(), name="export_posts")
    press(client, LISTS["tasks"], "fail", other)
    done |= {"fail"} if status(other) == "failed" else set()
    press(client, LISTS["archives"], "mail_again", archive)
    done |= {"mail_again"} if Archive.objects.get().mail_pending else set()
    press(client, LISTS["posts"], "delete_selected", post)
    done |= set() if Post.objects.exists() else {"delete_selected"}
    for job in ("example", "rebuild_search_index"):
        client.post("/admin/tasks/task/start/", {"job": job})
        done |= {job} if Task.objects.filter(name=job).exists() else set()
    client.post("/admin/tasks/task/pause/", {"pause": "large"})
    done |= {"pause"} if QueuePause.objects.exists() else set()
    assert done == MAY[role]


def press(client: Client, address: str, action: str, row: Task | Archive | Post | User) -> None:
    client.post(address, {"action": action, "_selected_action": [str(row.pk)], "post": "yes"})


def status(task: Task) -> str:
    return Task.objects.get(pk=task.pk).status


@by_role
def test_no_role_changes_members_or_makes_staff(role: str | None, member: User) -> None:
    client = staff_as(role)
    assert client.post(f"/admin/accounts/user/{member.pk}/change/", {"is_staff": "on"}).status_code == 403
    assert client.post(f"/admin/accounts/user/{member.pk}/password/", {}).status_code == 403
    press(client, LISTS["members"], "erase", member)
    member.refresh_from_db()
    assert (member.is_staff, member.is_active) == (False, True)


def test_staff_who_may_change_members_cannot_change_or_create_staff(member: User, staff: User) -> None:
    user = make_member(is_staff=True)
    user.user_permissions.set(apps.get_model("auth", "Permission").objects.filter(codename__endswith="_user"))
    client = signed_in_client(user)
    page = client.get(f"/admin/accounts/user/{member.pk}/change/").content.decode()
    assert 'name="about_me"' in page
    assert not any(f'name="{field}"' in page for field in ("is_staff", "is_superuser", "groups", "user_permissions"))
    assert client.post(f"/admin/accounts/user/{staff.pk}/change/", {"email": "x@example.com"}).status_code == 403
    assert client.post(f"/admin/accounts/user/{staff.pk}/password/", {"password1": "x"}).status_code == 403


@pytest.fixture
def secrets(member: User, stranger: User) -> Archive:
    """A message and an archive, both with unique words."""
    message_send(sender=stranger, recipient=member, body=SECRET)
    return archive_of(member, SECRET.encode())


def test_the_admin_shows_neither_messages_nor_files(secrets: Archive, staff: User) -> None:
    client = signed_in_client(staff)
    for model, model_admin in admin.site._registry.items():
        assert not model.__module__.startswith("inbox")
        files = {field.name for field in model._meta.fields if isinstance(field, FileField)}
        assert files <= set(getattr(model_admin, "hidden_fields", ()))
    for address in LISTS.values():
        assert SECRET not in client.get(address).content.decode()
    for row, address in ((secrets, "archive"), (secrets.task, "task")):
        page = client.get(f"/admin/exports/{address}/{row.pk}/change/").content.decode()
        assert SECRET not in page
        assert str(secrets.file.name) not in page


def test_superusers_cannot_download_members_files(secrets: Archive, staff: User) -> None:
    client = signed_in_client(staff)
    assert client.get(reverse("exports:download", args=[secrets.task_id])).status_code == 404
    assert SECRET not in client.get("/messages/stranger/").content.decode()


def test_the_roles_are_made_once_and_then_left_as_they_are(db: None) -> None:
    support = Group.objects.get(name="Support")
    support.permissions.clear()
    Group.objects.filter(name="Moderators").delete()
    roles_ensure()
    assert not support.permissions.exists()
    assert Group.objects.get(name="Moderators").permissions.count() == len(ROLES["Moderators"])


def test_a_role_waits_until_its_permissions_are_there(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ROLES, "Later", ("exports.not_there_yet",))
    roles_ensure()
    assert not Group.objects.filter(name="Later").exists()


def test_the_operators_of_an_existing_site_get_the_permissions_for_queues_and_jobs(db: None) -> None:
    operators, support = (Group.objects.get(name=name) for name in ("Operators", "Support"))
    new = Permission.objects.filter(codename__in=["pause_queue", "start_system_job"])
    operators.permissions.remove(*new)
    import_module("tasks.migrations.0007_operators_pause_queues").grant(apps, None)
    assert operators.permissions.filter(pk__in=new).count() == 2
    assert not support.permissions.filter(pk__in=new).exists()
