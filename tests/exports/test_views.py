"""Starting, listing, cancelling, retrying and downloading exports over HTTP."""

import hashlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from rq import Queue

from accounts.models import User
from exports.models import Archive, Task, TaskStatus
from exports.services.launching import task_launch

POSTED = ["exports:cancel", "exports:retry"]
ALL = [*POSTED, "exports:download"]


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
    assert told(response) == ["Your export has started. You can move on; it will be mailed to you."]
    assert Task.objects.get().status == TaskStatus.QUEUED


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
    assert "cannot be reached" in told(response)[0]
    assert not Task.objects.active().exists()


def test_the_list_shows_each_export_with_what_can_be_done(signed_in: Client, exported: Archive, failed: Task) -> None:
    page = signed_in.get("/exports/").content.decode()
    assert address("exports:download", exported.task) in page
    assert "3 posts" in page
    assert address("exports:retry", failed) in page
    assert "Why." in page


def test_the_list_of_a_member_without_exports_says_what_to_do(signed_in: Client) -> None:
    assert "not exported anything yet" in signed_in.get("/exports/").content.decode()


def test_the_queries_of_the_list_do_not_grow_with_the_exports(
    signed_in: Client, susan: User, django_assert_max_num_queries: Callable[..., object]
) -> None:
    for _ in range(30):
        Task.objects.create(user=susan, name="export_posts", description="Exporting", status="failed")
    with django_assert_max_num_queries(6):  # type: ignore[attr-defined]
        signed_in.get("/exports/")


def test_cancel_frees_the_slot_at_once(signed_in: Client, susan: User, active: Task, queue: Queue) -> None:
    response = signed_in.post(address("exports:cancel", active))
    assert told(response) == ["The export was cancelled."]
    active.refresh_from_db()
    assert active.status == TaskStatus.CANCELLED
    task_launch(user=susan, name="export_posts")


def test_cancelling_twice_says_that_it_was_over(signed_in: Client, active: Task) -> None:
    signed_in.post(address("exports:cancel", active))
    response = signed_in.post(address("exports:cancel", active))
    assert told(response)[-1] == "That export was already over."


def test_retry_starts_a_new_one(signed_in: Client, failed: Task, queue: Queue) -> None:
    signed_in.post(address("exports:retry", failed))
    assert sorted(Task.objects.values_list("status", flat=True)) == ["failed", "queued"]


def test_a_second_retry_says_that_one_is_in_progress(signed_in: Client, failed: Task, queue: Queue) -> None:
    signed_in.post(address("exports:retry", failed))
    response = signed_in.post(address("exports:retry", failed))
    assert told(response)[-1] == "An export task is currently in progress"
    assert Task.objects.count() == 2


def test_a_succeeded_export_cannot_be_retried(signed_in: Client, exported: Archive) -> None:
    signed_in.post(address("exports:retry", exported.task))
    assert Task.objects.count() == 1


def test_the_download_is_the_file_with_its_name_type_and_length(signed_in: Client, exported: Archive) -> None:
    response = signed_in.get(address("exports:download", exported.task))
    content = b"".join(response.streaming_content)  # type: ignore[attr-defined]
    assert hashlib.sha256(content).hexdigest() == exported.sha256
    assert response["Content-Disposition"] == 'attachment; filename="posts.json"'
    assert response["Content-Type"] == "application/json"
    assert int(response["Content-Length"]) == exported.size == len(content)


def test_downloads_are_counted(signed_in: Client, exported: Archive) -> None:
    for _ in range(2):
        signed_in.get(address("exports:download", exported.task)).close()
    exported.refresh_from_db()
    assert exported.download_count == 2


def test_an_expired_archive_is_not_found(signed_in: Client, exported: Archive) -> None:
    Archive.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert signed_in.get(address("exports:download", exported.task)).status_code == 404


def test_a_file_that_vanished_is_not_found_and_not_counted(signed_in: Client, exported: Archive) -> None:
    exported.file.storage.delete(str(exported.file.name))
    assert signed_in.get(address("exports:download", exported.task)).status_code == 404
    exported.refresh_from_db()
    assert exported.download_count == 0


@pytest.mark.parametrize("name", ALL)
def test_a_stranger_gets_404(stranger: Client, exported: Archive, name: str) -> None:
    for method in (stranger.get, stranger.post):
        assert method(address(name, exported.task)).status_code in (404, 405)
    own_method = stranger.get if name == "exports:download" else stranger.post
    assert own_method(address(name, exported.task)).status_code == 404


def test_a_stranger_does_not_see_it_in_any_list(stranger: Client, exported: Archive) -> None:
    for page in ("/exports/", "/notifications/", "/"):
        assert str(exported.task_id) not in stranger.get(page).content.decode()


@pytest.mark.parametrize("name", ALL)
def test_an_anonymous_visitor_is_sent_to_sign_in(client: Client, exported: Archive, name: str) -> None:
    target = address(name, exported.task)
    response = client.get(target) if name == "exports:download" else client.post(target)
    assert response["Location"] == f"/accounts/login/?next={quote(target)}"


@pytest.mark.parametrize("name", POSTED)
def test_actions_refuse_get(signed_in: Client, active: Task, name: str) -> None:
    assert signed_in.get(address(name, active)).status_code == 405
    active.refresh_from_db()
    assert active.status == TaskStatus.QUEUED


def test_a_download_refuses_post(signed_in: Client, exported: Archive) -> None:
    assert signed_in.post(address("exports:download", exported.task)).status_code == 405


@pytest.mark.parametrize("path", ["/exports/", "cancel", "retry"])
def test_actions_refuse_a_missing_csrf_token(susan: User, active: Task, path: str) -> None:
    careless = Client(enforce_csrf_checks=True)
    careless.force_login(susan)
    target = path if path.startswith("/") else address(f"exports:{path}", active)
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
