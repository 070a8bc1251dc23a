"""Starting, cancelling and retrying exports over HTTP."""

from typing import Any
from urllib.parse import quote

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse
from rq import Queue

from accounts.models import User
from exports.models import Archive
from tasks.models import Task, TaskStatus
from tasks.services.launch import task_launch

POSTED = ["tasks:cancel", "tasks:retry"]
IN_PLACE = {"X-Live-Refresh": "1"}
"""As a page's script sends a form."""


def told(response: Any) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


def address(name: str, task: Task) -> str:
    return reverse(name, args=[task.pk])


@pytest.fixture
def active(susan: User, queue: Queue) -> Task:
    return task_launch(user=susan, name="export_posts")


def test_start_goes_to_the_profile_with_a_message(signed_in: Client, susan: User, queue: Queue) -> None:
    response = signed_in.post("/exports/")
    assert (response.status_code, response["Location"]) == (302, f"/user/{susan.username}/")
    assert told(response) == ["Export requested. You can leave this page: we email every export."]
    assert Task.objects.get().status == TaskStatus.QUEUED


def test_a_start_in_the_background_has_no_page_and_no_message(signed_in: Client, susan: User, queue: Queue) -> None:
    response = signed_in.post("/exports/", headers=IN_PLACE)
    assert (response.status_code, response.content, told(response)) == (204, b"", [])
    assert Task.objects.get().status == TaskStatus.QUEUED


@pytest.mark.parametrize("name", ["start", "retry"])
def test_a_refusal_in_the_background_is_shown_on_a_normal_request(signed_in: Client, active: Task, name: str) -> None:
    target = "/exports/" if name == "start" else address("tasks:retry", active)
    response = signed_in.post(target, headers=IN_PLACE)
    assert (response.status_code, told(response)) == (409, [])
    assert len(told(signed_in.post(target))) == 1
    assert Task.objects.count() == 1


def test_cancel_and_retry_in_the_background_need_no_page(signed_in: Client, active: Task) -> None:
    for name, status in (("tasks:cancel", "cancelled"), ("tasks:retry", "queued")):
        assert signed_in.post(address(name, active), headers=IN_PLACE).status_code == 204
        assert Task.objects.order_by("created_at").last().status == status  # type: ignore[union-attr]


def test_a_second_start_says_that_one_is_in_progress(signed_in: Client, active: Task) -> None:
    response = signed_in.post("/exports/", {"kind": "posts"})
    assert response.status_code == 302
    assert told(response) == ["An export task is currently in progress"]
    assert Task.objects.count() == 1


def test_an_unknown_kind_is_refused_by_name(signed_in: Client, queue: Queue) -> None:
    response = signed_in.post("/exports/", {"kind": "<b>everything"})
    assert response.status_code == 400
    assert "'<b>everything'" in response.content.decode()
    assert response["Content-Type"] == "text/plain"
    assert not Task.objects.exists()


def test_with_the_queue_out_of_reach_the_member_is_told_at_once(
    signed_in: Client, queue: Queue, unreachable_queue: None
) -> None:
    response = signed_in.post("/exports/")
    assert "is unavailable" in told(response)[0]
    assert not Task.objects.active().exists()


def test_cancel_frees_the_slot_at_once(signed_in: Client, susan: User, active: Task, queue: Queue) -> None:
    response = signed_in.post(address("tasks:cancel", active))
    assert told(response) == ["Cancelled."]
    active.refresh_from_db()
    assert active.status == TaskStatus.CANCELLED
    task_launch(user=susan, name="export_posts")


def test_cancelling_twice_says_that_it_was_over(signed_in: Client, active: Task) -> None:
    signed_in.post(address("tasks:cancel", active))
    response = signed_in.post(address("tasks:cancel", active))
    assert told(response)[-1] == "This had already ended."


def test_retry_starts_a_new_one(signed_in: Client, failed: Task, queue: Queue) -> None:
    signed_in.post(address("tasks:retry", failed))
    assert sorted(Task.objects.values_list("status", flat=True)) == ["failed", "queued"]


def test_a_second_retry_says_that_one_is_in_progress(signed_in: Client, failed: Task, queue: Queue) -> None:
    signed_in.post(address("tasks:retry", failed))
    response = signed_in.post(address("tasks:retry", failed))
    assert told(response)[-1] == "An export task is currently in progress"
    assert Task.objects.count() == 2


def test_a_succeeded_export_cannot_be_retried(signed_in: Client, exported: Archive) -> None:
    signed_in.post(address("tasks:retry", exported.task))
    assert Task.objects.count() == 1


@pytest.mark.parametrize("name", POSTED)
def test_a_stranger_gets_404(stranger: Client, exported: Archive, name: str) -> None:
    assert stranger.post(address(name, exported.task)).status_code == 404


def test_a_stranger_does_not_see_it_in_any_list(stranger: Client, exported: Archive) -> None:
    for page in ("/exports/", "/notifications/", "/"):
        assert str(exported.task_id) not in stranger.get(page).content.decode()


@pytest.mark.parametrize("name", POSTED)
def test_an_anonymous_visitor_is_sent_to_sign_in(client: Client, exported: Archive, name: str) -> None:
    target = address(name, exported.task)
    response = client.post(target)
    assert response["Location"] == f"/accounts/login/?next={quote(target)}"


@pytest.mark.parametrize("name", POSTED)
def test_actions_refuse_get(signed_in: Client, active: Task, name: str) -> None:
    assert signed_in.get(address(name, active)).status_code == 405
    active.refresh_from_db()
    assert active.status == TaskStatus.QUEUED


@pytest.mark.parametrize("path", ["/exports/", "cancel", "retry"])
def test_actions_refuse_a_missing_csrf_token(susan: User, active: Task, path: str) -> None:
    careless = Client(enforce_csrf_checks=True)
    careless.force_login(susan)
    target = path if path.startswith("/") else address(f"tasks:{path}", active)
    assert careless.post(target).status_code == 403
    assert list(Task.objects.values_list("status", flat=True)) == [TaskStatus.QUEUED]


@pytest.mark.parametrize("method", ["put", "delete", "patch"])
def test_the_list_refuses_other_methods(signed_in: Client, method: str) -> None:
    assert getattr(signed_in, method)("/exports/").status_code == 405


def test_the_profile_offers_the_export_to_its_owner_only(signed_in: Client, stranger: Client, queue: Queue) -> None:
    assert 'id="export-posts"' in signed_in.get("/user/susan/").content.decode()
    assert 'id="export-posts"' not in stranger.get("/user/susan/").content.decode()


def test_the_profile_hides_the_export_while_one_is_in_progress(signed_in: Client, active: Task) -> None:
    assert 'id="export-posts"' not in signed_in.get("/user/susan/").content.decode()
