"""The audit log contains every staff action and can't be changed."""

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from rq import Queue

from accounts.closing.erasure import accounts_erase
from accounts.models import Session, User
from tasks.models import Task
from tasks.queue.client import task_enqueue
from tests.exports.archives import archive_of
from tests.members import make_member, signed_in_client

LOG = "/admin/admin/logentry/"
TASKS = "/admin/tasks/task/"
USERS = "/admin/accounts/user/"


@pytest.fixture
def admin(staff: User) -> Client:
    return signed_in_client(staff)


def press(client: Client, address: str, action: str, *rows: Task | User) -> str:
    chosen = {"action": action, "_selected_action": [str(row.pk) for row in rows], "post": "yes"}
    return client.post(address, chosen, follow=True).content.decode()


def queued_task(user: User) -> Task:
    task = Task.objects.create(user=user, name="export_posts")
    task_enqueue(task)
    return task


def words() -> list[str]:
    return list(LogEntry.objects.order_by("pk").values_list("change_message", flat=True))


def test_each_row_that_an_action_changed_is_in_the_log_and_no_other(
    admin: Client, staff: User, member: User, redis_queue: Queue
) -> None:
    active = Task.objects.create(user=member, name="export_posts")
    failed = Task.objects.create(user=member, name="export_archive", status="failed")
    press(admin, TASKS, "cancel", active, failed)
    press(admin, TASKS, "cancel", active)
    press(admin, TASKS, "retry", failed)
    assert words() == ["Cancelled the task", "Retried the task"]
    entry = LogEntry.objects.earliest("pk")
    assert (entry.user, entry.object_id, entry.object_repr) == (staff, str(active.pk), str(active))
    assert str(active.pk) in admin.get(f"{TASKS}{active.pk}/history/").content.decode()


def test_a_question_alone_is_not_in_the_log(admin: Client, member: User) -> None:
    active = Task.objects.create(user=member, name="export_posts")
    admin.post(TASKS, {"action": "cancel", "_selected_action": [str(active.pk)]})
    assert not LogEntry.objects.exists()


def test_mails_and_examples_are_in_the_log(admin: Client, member: User, redis_queue: Queue) -> None:
    archive = archive_of(member, b"{}")
    admin.post("/admin/exports/archive/", {"action": "mail_again", "_selected_action": [archive.pk], "post": "yes"})
    admin.post(f"{TASKS}start/", {"job": "example"})
    admin.post(f"{TASKS}start/", {"job": "example"})
    assert words() == ["Resent the email", "Started the task"]


def test_the_dashboards_buttons_are_in_the_log_and_its_pages_are_not(
    admin: Client, member: User, redis_queue: Queue
) -> None:
    task = queued_task(member)
    dashboard = "/admin/django_rq/dashboard/queues"
    for address in ("0/", "0/empty/", f"0/{task.pk}/", f"0/{task.pk}/delete/"):
        assert admin.get(f"{dashboard}/{address}").status_code == 200
    chosen = {"action": "delete", "_selected_action": [str(task.pk)], "job_ids": [str(task.pk)]}
    admin.post(f"{dashboard}/confirm-action/0/", chosen)
    assert not LogEntry.objects.exists()
    admin.post(f"{dashboard}/0/empty/", {"post": "yes"})
    assert redis_queue.job_ids == []
    other = queued_task(make_member())
    admin.post(f"{dashboard}/actions/0/", {"action": "delete", "job_ids": [str(other.pk)]})
    assert words() == ["Emptied the queue", "Deleted jobs"]
    assert str(other.pk) in LogEntry.objects.latest("pk").object_repr
    assert "Emptied the queue" in admin.get(LOG).content.decode()


def test_refused_actions_are_not_logged(member: User, redis_queue: Queue) -> None:
    viewer = signed_in_client(make_member(is_staff=True))
    viewer.post("/admin/django_rq/dashboard/queues/0/empty/", {"post": "yes"})
    assert Client().post("/admin/django_rq/dashboard/queues/0/empty/", {"post": "yes"}).status_code == 302
    assert not LogEntry.objects.exists()


def test_the_log_is_found_by_name_and_by_words_and_told_in_the_readers_language(
    admin: Client, staff: User, member: User, redis_queue: Queue
) -> None:
    press(admin, TASKS, "fail", Task.objects.create(user=member, name="export_posts"))
    assert "1 log entry" in admin.get(f"{LOG}?q=staff").content.decode()
    assert "0 log entries" in admin.get(f"{LOG}?q=nobody").content.decode()
    User.objects.filter(pk=staff.pk).update(language="es")
    assert "Dio la tarea por fallida" in admin.get(LOG).content.decode()


def test_log_entries_cannot_be_changed_or_deleted(admin: Client, member: User, redis_queue: Queue) -> None:
    press(admin, TASKS, "fail", Task.objects.create(user=member, name="export_posts"))
    entry = LogEntry.objects.get()
    assert admin.get(f"{LOG}{entry.pk}/change/").status_code == 200
    assert admin.post(f"{LOG}{entry.pk}/change/", {"change_message": "nothing"}).status_code == 403
    assert admin.post(f"{LOG}{entry.pk}/delete/", {"post": "yes"}).status_code == 403
    assert admin.get(f"{LOG}add/").status_code == 403
    admin.post(LOG, {"action": "delete_selected", "_selected_action": [entry.pk], "post": "yes"})
    assert words() == ["Marked the task as failed"]


def test_an_erasure_is_asked_for_done_by_a_worker_and_stays_in_the_log_without_a_name(
    admin: Client, member: User, redis_queue: Queue
) -> None:
    archive = archive_of(member, b"{}")
    theirs = signed_in_client(member)
    question = admin.post(USERS, {"action": "erase", "_selected_action": [member.pk]}).content.decode()
    assert "This can&#x27;t be undone." in question
    member.refresh_from_db()
    assert member.is_active
    press(admin, USERS, "erase", member)
    assert theirs.get("/exports/").status_code == 302
    assert not Session.objects.filter(user=member).exists()
    assert "Skipped: 1 user (it is being erased)." in press(admin, USERS, "erase", member)
    assert accounts_erase() == 1
    assert not User.objects.filter(pk=member.pk).exists()
    assert not archive.file.storage.exists(str(archive.file.name))
    entry = LogEntry.objects.get()
    assert (entry.change_message, entry.object_repr) == ("Requested the account's erasure", f"#{member.pk}")


def test_a_member_who_was_shut_out_before_can_be_erased_too(admin: Client, member: User) -> None:
    User.objects.filter(pk=member.pk).update(is_active=False)
    press(admin, USERS, "erase", member)
    assert User.objects.get(pk=member.pk).deletion_due_at is not None


def test_staffs_accounts_are_not_erased_and_none_is_deleted(admin: Client, staff: User, member: User) -> None:
    assert "it has staff rights" in press(admin, USERS, "erase", staff)
    staff.refresh_from_db()
    assert staff.is_active
    assert admin.post(f"{USERS}{member.pk}/delete/", {"post": "yes"}).status_code == 403
    press(admin, USERS, "delete_selected", member)
    assert User.objects.filter(pk=member.pk).exists()
