"""The admin's pages of tasks and archives show the essentials at a glance."""

import pytest
from django.test import Client

from accounts.models import User
from exports.models import Archive
from tasks.models import Task
from tests.exports.archives import archive_of
from tests.members import signed_in_client


@pytest.fixture
def admin(staff: User) -> Client:
    return signed_in_client(staff)


def buttons(client: Client, task: Task) -> list[str]:
    page = client.get(f"/admin/tasks/task/{task.pk}/change/")
    return [name for name, _label in page.context["buttons"]]


@pytest.mark.parametrize(
    ("status", "offered"), [("queued", ["cancel", "fail"]), ("failed", ["retry"]), ("succeeded", [])]
)
def test_a_tasks_page_has_its_actions_as_buttons(admin: Client, member: User, status: str, offered: list[str]) -> None:
    progress = 100 if status == "succeeded" else 0
    task = Task.objects.create(user=member, name="export_posts", status=status, progress=progress)
    assert buttons(admin, task) == offered


def test_a_button_asks_first(admin: Client, member: User) -> None:
    task = Task.objects.create(user=member, name="export_posts")
    page = admin.post("/admin/tasks/task/", {"_selected_action": str(task.pk), "action": "cancel"})
    assert page.context["todo"] == [task]
    task.refresh_from_db()
    assert task.status == "queued"


@pytest.mark.parametrize(
    ("removal", "words"), [("", "kept until"), ("deleted", "deleted by the member"), ("lost", "lost by the storage")]
)
def test_archives_say_what_became_of_their_file_and_how_large_it_is(
    admin: Client, member: User, removal: str, words: str
) -> None:
    archive = archive_of(member, b"{}")
    Archive.objects.update(size=12_345_678, removal=removal, **({"file": ""} if removal else {}))
    for path in ("", f"{archive.pk}/change/"):
        page = admin.get(f"/admin/exports/archive/{path}").content.decode()
        assert words in page
        assert "11.8\xa0MB" in page
        assert "12345678" not in page


def test_no_two_sections_have_one_name(admin: Client) -> None:
    names = [str(app["name"]) for app in admin.get("/admin/").context["app_list"]]
    assert len(names) == len(set(names))
