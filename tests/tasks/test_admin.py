"""Tasks, archives and the queue's dashboard in the admin."""

from collections.abc import Callable

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import translation
from rq import Queue

from accounts.models import User
from core.staff import actions
from exports.models import Archive
from tasks.models import Task, TaskStatus
from tasks.services.launch import task_launch
from tests.exports.archives import archive_of
from tests.members import make_member

LIST = "/admin/tasks/task/"
ARCHIVES = "/admin/exports/archive/"


@pytest.fixture
def superuser(transactional_db: None) -> Client:
    return signed_in_as(User.objects.create_superuser("root", "root@example.com", "pw"))


@pytest.fixture
def viewer(transactional_db: None) -> Client:
    """Staff who may look at tasks and archives, and no more."""
    user = User.objects.create_user("viewer", "viewer@example.com", "pw", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_task", "view_archive"]))
    return signed_in_as(user)


def signed_in_as(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def active(susan: User, queue: Queue) -> Task:
    return task_launch(user=susan, name="export_posts")


def act(client: Client, action: str, *tasks: Task) -> None:
    """Do the action, as after its question was answered with yes."""
    client.post(LIST, {"action": action, "_selected_action": [str(task.pk) for task in tasks], "post": "yes"})


def ask(client: Client, action: str, *tasks: Task) -> str:
    """Return the page on which the action asks, with single spaces."""
    response = client.post(LIST, {"action": action, "_selected_action": [str(task.pk) for task in tasks]})
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def page(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200
    return response.content.decode()


def test_the_list_shows_member_status_and_progress(superuser: Client, exported: Archive) -> None:
    text = page(superuser, LIST)
    for expected in ("susan", "Succeeded", 'value="100"', str(exported.task_id)[:8]):
        assert expected in text


def test_it_is_found_by_member_and_by_id(superuser: Client, exported: Archive, active: Task) -> None:
    assert "1 task" in page(superuser, f"{LIST}?q={active.pk}")
    assert "2 tasks" in page(superuser, f"{LIST}?q=susan")
    assert "0 tasks" in page(superuser, f"{LIST}?q=nobody")


def test_the_queries_do_not_grow_with_the_tasks(
    superuser: Client, susan: User, django_assert_max_num_queries: Callable[..., object]
) -> None:
    for _ in range(50):
        Task.objects.create(user=susan, name="export_posts", description="Exporting", status="failed")
    with django_assert_max_num_queries(12):  # type: ignore[attr-defined]
        superuser.get(LIST)


def test_the_page_shows_the_traceback_and_a_link_to_the_rq_job(superuser: Client, failed: Task) -> None:
    Task.objects.update(traceback="Traceback (most recent call last)")
    text = page(superuser, f"{LIST}{failed.pk}/change/")
    assert "Traceback (most recent call last)" in text
    assert f"/admin/django_rq/dashboard/queues/0/{failed.pk}/" in text


def test_everything_is_read_only(superuser: Client, failed: Task) -> None:
    text = page(superuser, f"{LIST}{failed.pk}/change/")
    assert 'name="_save"' not in text
    superuser.post(f"{LIST}{failed.pk}/change/", {"status": "succeeded", "error": "Nothing happened."})
    failed.refresh_from_db()
    assert (failed.status, failed.error) == (TaskStatus.FAILED, "Why.")
    assert superuser.get(f"{LIST}add/").status_code == 403
    assert superuser.post(f"{LIST}{failed.pk}/delete/", {"post": "yes"}).status_code == 403


def test_an_action_asks_first_and_says_what_it_leaves_and_why(superuser: Client, active: Task, failed: Task) -> None:
    text = ask(superuser, "cancel", active, failed)
    done, left = text.split("Will be skipped")
    assert "Will be processed" in done
    assert str(active.pk) in done
    assert f"{failed} &middot; susan: it has already ended" in left
    assert f'value="{active.pk}"' in left
    assert f'value="{failed.pk}"' not in left
    active.refresh_from_db()
    assert active.status == TaskStatus.QUEUED


def test_with_nothing_to_do_there_is_no_yes(superuser: Client, failed: Task) -> None:
    text = ask(superuser, "cancel", failed)
    assert "None of the selected items" in text
    assert "Yes, continue" not in text


def test_too_many_at_once_are_refused(
    superuser: Client, active: Task, failed: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "MAX_ROWS", 1)
    act(superuser, "cancel", active, failed)
    active.refresh_from_db()
    assert active.status == TaskStatus.QUEUED


def test_the_question_before_a_retry_knows_that_one_of_a_kind_can_be_active(
    superuser: Client, susan: User, active: Task, failed: Task
) -> None:
    assert f"{failed} &middot; susan: its member already has one in progress" in ask(superuser, "retry", failed)
    Task.objects.filter(pk=active.pk).update(status="failed")
    _todo, left = ask(superuser, "retry", failed, active).split("Will be skipped")
    assert left.count("its member already has one in progress") == 1


def test_an_action_confirmed_twice_does_no_harm(superuser: Client, active: Task) -> None:
    act(superuser, "cancel", active)
    response = superuser.post(
        LIST, {"action": "cancel", "_selected_action": [str(active.pk)], "post": "yes"}, follow=True
    )
    assert "Skipped: 1 task (it has already ended)." in response.content.decode()
    assert active.events.filter(status="cancelled").count() == 1


def test_the_queries_of_the_question_do_not_grow_with_the_tasks(
    superuser: Client, failed: Task, django_assert_max_num_queries: Callable[..., object]
) -> None:
    user = make_member("many")
    tasks = [Task.objects.create(user=user, name=f"n{number}", status="failed") for number in range(20)]
    with django_assert_max_num_queries(15):  # type: ignore[attr-defined]
        ask(superuser, "retry", *tasks)


def test_cancel_stops_the_active_ones_only(superuser: Client, active: Task, failed: Task) -> None:
    act(superuser, "cancel", active, failed)
    assert dict(Task.objects.values_list("pk", "status")) == {active.pk: "cancelled", failed.pk: "failed"}


def test_fail_gives_up_the_active_ones_and_tells_the_member(superuser: Client, active: Task) -> None:
    act(superuser, "fail", active)
    active.refresh_from_db()
    assert active.status == TaskStatus.FAILED
    assert "Our staff stopped this" in active.error


def test_retry_launches_failed_ones_once(superuser: Client, failed: Task, queue: Queue) -> None:
    act(superuser, "retry", failed)
    act(superuser, "retry", failed)
    assert len(queue.job_ids) == 1


def test_staff_who_may_only_look_cannot_act(viewer: Client, active: Task) -> None:
    act(viewer, "cancel", active)
    active.refresh_from_db()
    assert active.status == TaskStatus.QUEUED
    assert Task.objects.count() == 1


def test_members_are_sent_away(signed_in: Client, active: Task) -> None:
    for path in (LIST, f"{LIST}{active.pk}/change/"):
        assert signed_in.get(path).status_code == 302
    assert Task.objects.count() == 1


def test_staff_see_an_archives_fate_and_not_its_contents(viewer: Client, exported: Archive) -> None:
    text = page(viewer, f"/admin/exports/archive/{exported.pk}/change/")
    assert exported.sha256 in text
    assert str(exported.file.name) not in text
    assert viewer.get(reverse("exports:download", args=[exported.task_id])).status_code == 404


DASHBOARD = [
    "/admin/django_rq/dashboard/",
    "/admin/django_rq/dashboard/queues/0/",
    "/admin/django_rq/dashboard/stats.json/",
    "/admin/django_rq/dashboard/workers/0/",
]


@pytest.mark.parametrize("path", DASHBOARD)
def test_the_dashboard_is_for_superusers_only(superuser: Client, viewer: Client, signed_in: Client, path: str) -> None:
    assert superuser.get(path).status_code == 200
    assert viewer.get(path).status_code == 403
    assert signed_in.get(path).status_code in (302, 403)


def test_no_other_staff_can_empty_the_queue(viewer: Client, active: Task, queue: Queue) -> None:
    assert viewer.post("/admin/django_rq/dashboard/queues/0/empty/", {"post": "yes"}).status_code == 403
    assert len(queue.job_ids) == 1


def test_the_dashboards_policy_is_relaxed_there_and_nowhere_else(superuser: Client) -> None:
    assert "unsafe-inline" in superuser.get(DASHBOARD[0])["Content-Security-Policy"]
    assert "unsafe-inline" not in superuser.get(LIST)["Content-Security-Policy"]


def test_mails_are_sent_again_after_a_yes(superuser: Client, exported: Archive, queue: Queue) -> None:
    gone = archive_of(exported.user, b"{}", task_name="export_archive")
    Archive.objects.filter(pk=gone.pk).update(file="")
    chosen = {"action": "mail_again", "_selected_action": [exported.pk, gone.pk]}
    text = " ".join(superuser.post(ARCHIVES, chosen).content.decode().split())
    assert f"{gone} &middot; susan: its file is no longer kept" in text
    superuser.post(ARCHIVES, {**chosen, "post": "yes"})
    exported.refresh_from_db()
    assert exported.mail_pending
    assert queue.job_ids == [f"mail-{exported.pk}"]


def test_the_link_to_the_rq_job_is_for_those_who_may_open_it(superuser: Client, viewer: Client, failed: Task) -> None:
    dashboard = "/admin/django_rq/"
    own = f"{LIST}{failed.pk}/change/"
    assert [dashboard in page(client, own) for client in (superuser, viewer)] == [True, False]


# --- Where staff are after a button -------------------------------------------------------------------


@pytest.mark.parametrize("action", ["cancel", "fail"])
def test_a_button_on_a_tasks_page_leads_back_to_it(superuser: Client, active: Task, action: str) -> None:
    own = f"{LIST}{active.pk}/change/"
    assert '<input type="hidden" name="from_page" value="yes">' in page(superuser, own)
    form = {"action": action, "_selected_action": [str(active.pk)], "from_page": "yes"}
    asked = superuser.post(LIST, form).content.decode()
    assert '<input type="hidden" name="from_page" value="yes">' in asked
    assert f'<a class="button" href="{own}">' in asked
    response = superuser.post(LIST, {**form, "post": "yes"}, follow=True)
    assert response.redirect_chain == [(own, 302)]
    assert "Done: 1 task." in response.content.decode()
    again = superuser.post(LIST, {**form, "post": "yes"}, follow=True)
    assert again.redirect_chain == [(own, 302)]
    assert "Skipped: 1 task" in again.content.decode()


def test_the_lists_own_actions_lead_back_to_the_list(superuser: Client, active: Task) -> None:
    form = {"action": "cancel", "_selected_action": [str(active.pk)], "post": "yes"}
    assert superuser.post(f"{LIST}?q=susan", form)["Location"] == f"{LIST}?q=susan"


def test_a_button_for_a_task_that_is_gone_leads_to_the_list(superuser: Client, active: Task) -> None:
    form = {"action": "cancel", "_selected_action": [str(active.pk)], "from_page": "yes", "post": "yes"}
    Task.objects.all().delete()
    assert superuser.post(LIST, form)["Location"] == LIST


@pytest.mark.parametrize("language", ["en", "es"])
def test_each_section_and_list_has_a_plain_name(superuser: Client, language: str) -> None:
    superuser.cookies["django_language"] = language
    request = superuser.get("/admin/").context["request"]
    names = [
        str(name)
        for section in admin.site.get_app_list(request)
        for name in (section["name"], *(entry["name"] for entry in section["models"]))
    ]
    assert [name for name in names if "_" in name or "rq" in name.lower()] == []
    with translation.override(language):
        again = [str(section["name"]) for section in admin.site.get_app_list(request)]
    assert ("Cola" in again) == (language == "es")
    if language == "es":
        english = {"Exports", "Archives", "Tasks", "Posts", "Follows", "Notifications", "Queue", "Queues and jobs"}
        assert english.isdisjoint(again)
