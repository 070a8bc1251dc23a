"""Exports over the API: started once, followed, cancelled, retried, downloaded in parts, deleted."""

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from api.errors import MAX_ERRORS
from exports.models import Archive
from exports.models.archive import exports_storage
from tasks.models import Task, TaskStatus
from tasks.queue.client import QueueUnavailableError
from tasks.services.transitions import task_cancel
from tests.exports.archives import archive_of

EXPORTS = "/api/v1/exports"
JSON = "application/json"
CONTENT = bytes(range(256)) * 40

Work = Callable[[], None]


def start(api: Client, **body: Any) -> Any:
    return api.post(EXPORTS, {"kind": "posts", **body}, content_type=JSON)


def path_of(task: Task) -> str:
    return f"{EXPORTS}/{task.pk}"


@pytest.fixture
def archive(susan: User) -> Archive:
    return archive_of(susan, CONTENT)


@pytest.fixture
def file(archive: Archive) -> str:
    """The address of Susan's file."""
    return f"{path_of(archive.task)}/file"


# --- Starting -------------------------------------------------------------------------------------------


def test_an_export_is_started_followed_and_downloaded(api: Client, susan: User, work: Work) -> None:
    started = start(api)
    task = Task.objects.get()
    assert (task.user, task.name, task.status) == (susan, "export_posts", TaskStatus.QUEUED)
    assert started.status_code == 201
    assert started["Location"] == f"http://localhost:8000{path_of(task)}" == started.json()["url"]
    assert (started.json()["status"], started.json()["progress"], started.json()["file"]) == ("queued", 0, None)
    work()
    done = api.get(path_of(task)).json()
    assert (done["status"], done["progress"], done["kind"]) == ("succeeded", 100, "posts")
    content = api.get(f"{path_of(task)}/file").getvalue()
    assert (hashlib.sha256(content).hexdigest(), len(content)) == (done["file"]["sha256"], done["file"]["size"])
    assert done["file"]["url"] == f"{done['url']}/file"


def test_the_second_start_is_refused_while_the_first_is_active(api: Client) -> None:
    start(api)
    second = start(api)
    assert (second.status_code, second.json()["code"]) == (409, "already_active")
    assert Task.objects.count() == 1


def test_a_start_soon_after_a_success_says_when_the_next_is_possible(
    api: Client, settings: LazySettings, work: Work
) -> None:
    settings.EXPORT_COOLDOWN = 600
    start(api)
    work()
    second = start(api)
    assert (second.status_code, second.json()["code"]) == (429, "too_soon")
    assert 0 < int(second["Retry-After"]) <= 600
    assert Task.objects.count() == 1


def test_an_export_holds_what_was_chosen(api: Client) -> None:
    chosen = {"parts": ["posts"], "since": "2026-01-01T00:00:00Z", "until": "2026-02-01T00:00:00+01:00"}
    assert start(api, kind="archive", **chosen).status_code == 201
    assert Task.objects.get().params == {
        "parts": ["posts"],
        "since": "2026-01-01T00:00:00+00:00",
        "until": "2026-01-31T23:00:00+00:00",
    }


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "everything"},
        {"kind": None},
        {"parts": []},
        {"kind": "archive", "parts": []},
        {"kind": "archive", "parts": ["nothing"]},
        {"since": 0},
        {"since": "yesterday"},
        {"since": "2026-01-01T00:00:00"},
        {"since": "2026-02-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"},
    ],
)
def test_an_impossible_choice_starts_nothing(api: Client, wrong: dict[str, Any]) -> None:
    response = start(api, **wrong)
    assert response.status_code == 422
    assert response["Content-Type"] == "application/problem+json"
    assert not Task.objects.exists()


def test_a_wrong_value_is_named_by_its_place(api: Client) -> None:
    response = start(api, kind="mbt_oops")
    assert [error["pointer"] for error in response.json()["errors"]] == ["/body/kind"]
    assert "mbt_oops" not in response.content.decode()


def test_of_very_many_wrong_values_only_some_are_named(api: Client) -> None:
    assert len(start(api, kind="archive", parts=["photos"] * 10_000).json()["errors"]) == MAX_ERRORS


def test_without_a_queue_server_nothing_is_started(
    api: Client, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: Any, **_kwargs: Any) -> None:
        raise QueueUnavailableError

    monkeypatch.setattr("tasks.services.launch.task_enqueue", fail)
    response = start(api)
    assert (response.status_code, response.json()["code"]) == (503, "queue_unavailable")
    assert int(response["Retry-After"]) > 0
    assert Task.objects.get().status == TaskStatus.FAILED


# --- Listing and following ------------------------------------------------------------------------------


def test_the_list_is_in_pages_the_newest_first(api: Client, susan: User, john: User) -> None:
    now = timezone.now()
    for number in range(25):
        moment = now - timedelta(minutes=number)
        Task.objects.create(user=susan, name="export_posts", status="cancelled", created_at=moment)
    Task.objects.create(user=susan, name="read_import", status="cancelled")
    Task.objects.create(user=john, name="export_posts", status="cancelled")
    first = api.get(EXPORTS).json()
    assert first["next"] == "http://localhost:8000/api/v1/exports?page=2"
    second = api.get(EXPORTS, {"page": 2}).json()
    assert second["next"] is None
    times = [item["created_at"] for item in (*first["items"], *second["items"])]
    assert len(times) == 25
    assert times == sorted(times, reverse=True)
    assert api.get(EXPORTS, {"page": 3}).json() == {"items": [], "next": None}


@pytest.mark.parametrize("page", ["0", "-1", "10001", "9" * 30, "x", ""])
def test_an_impossible_page_is_refused(api: Client, page: str) -> None:
    assert api.get(EXPORTS, {"page": page}).status_code == 422


def test_a_longer_list_needs_no_more_queries(api: Client, susan: User) -> None:
    counts = []
    for number in (2, 10):
        for _ in range(number):
            archive_of(susan, b"{}")
        api.get(EXPORTS)
        with CaptureQueriesContext(connection) as queries:
            assert len(api.get(EXPORTS).json()["items"]) >= number
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 5


def test_a_failed_export_has_a_code_and_a_text_in_the_readers_language(api: Client, susan: User) -> None:
    task = Task.objects.create(user=susan, name="export_posts", status="failed", error_code="interrupted", error="x")
    Task.objects.filter(pk=task.pk).update(error_params={"count": 3}, traceback="a secret")
    shown = api.get(path_of(task))
    assert shown.json()["error"]["code"] == "interrupted"
    assert "3" in shown.json()["error"]["detail"]
    assert "a secret" not in shown.content.decode()
    spanish = api.get(path_of(task), headers={"Accept-Language": "es"}).json()["error"]["detail"]
    assert spanish != shown.json()["error"]["detail"]


def test_head_says_what_get_does_without_the_body(api: Client, archive: Archive) -> None:
    for path in (EXPORTS, path_of(archive.task)):
        response = api.head(path)
        assert (response.status_code, response["Content-Type"]) == (200, "application/json; charset=utf-8")
        assert response.content == b""


# --- Cancelling and retrying ----------------------------------------------------------------------------


def test_an_active_export_is_cancelled_once(api: Client) -> None:
    start(api)
    task = Task.objects.get()
    assert api.post(f"{path_of(task)}/cancel").json()["status"] == "cancelled"
    second = api.post(f"{path_of(task)}/cancel")
    assert (second.status_code, second.json()["code"]) == (409, "already_ended")


def test_a_cancelled_export_is_retried_as_a_new_one(api: Client) -> None:
    start(api)
    first = Task.objects.get()
    task_cancel(first)
    again = api.post(f"{path_of(first)}/retry")
    second = Task.objects.exclude(pk=first.pk).get()
    assert (again.status_code, again["Location"]) == (201, f"http://localhost:8000{path_of(second)}")
    assert second.status == TaskStatus.QUEUED
    assert api.post(f"{path_of(first)}/retry").json()["code"] == "already_active"


def test_only_what_failed_or_was_cancelled_is_retried(api: Client, archive: Archive) -> None:
    response = api.post(f"{path_of(archive.task)}/retry")
    assert (response.status_code, response.json()["code"]) == (409, "not_retriable")
    assert Task.objects.count() == 1


def test_what_this_release_cannot_run_is_not_retried(api: Client, susan: User) -> None:
    task = Task.objects.create(user=susan, name="export_posts", status="failed", params={"parts": "?"})
    response = api.post(f"{path_of(task)}/retry")
    assert (response.status_code, response.json()["code"]) == (409, "no_longer_offered")


# --- Files ----------------------------------------------------------------------------------------------


def test_a_download_can_be_checked_and_resumed(api: Client, archive: Archive, file: str) -> None:
    whole = api.get(file)
    assert (whole.status_code, whole.getvalue()) == (200, CONTENT)
    assert whole["ETag"] == f'"{archive.sha256}"'
    assert whole["Repr-Digest"].startswith("sha-256=:")
    assert whole["Content-Disposition"] == 'attachment; filename="posts.json"'
    part = api.get(file, headers={"Range": "bytes=100-199", "If-Range": whole["ETag"]})
    assert (part.status_code, part.getvalue()) == (206, CONTENT[100:200])
    assert part["Content-Range"] == f"bytes 100-199/{len(CONTENT)}"


def test_head_tells_the_size_and_counts_no_download(api: Client, archive: Archive, file: str) -> None:
    response = api.head(file)
    assert (response.status_code, response["Content-Length"]) == (200, str(len(CONTENT)))
    archive.refresh_from_db()
    assert archive.download_count == 0


def test_a_download_counts_once(api: Client, archive: Archive, file: str) -> None:
    api.get(file, headers={"Range": "bytes=0-99"})
    api.get(file, headers={"Range": "bytes=100-"})
    archive.refresh_from_db()
    assert archive.download_count == 1


@pytest.mark.parametrize(("headers", "status"), [({"Range": "bytes=999999-"}, 416), ({"If-Match": '"other"'}, 412)])
def test_a_part_that_is_not_there_is_a_problem(api: Client, file: str, headers: dict[str, str], status: int) -> None:
    response = api.get(file, headers=headers)
    assert (response.status_code, response["Content-Type"]) == (status, "application/problem+json")
    assert response.json()["status"] == status
    if status == 416:
        assert response["Content-Range"] == f"bytes */{len(CONTENT)}"


def test_an_unchanged_file_is_not_sent_again(api: Client, archive: Archive, file: str) -> None:
    response = api.get(file, headers={"If-None-Match": f'"{archive.sha256}"'})
    assert (response.status_code, response.content) == (304, b"")


def test_an_expired_file_is_gone(api: Client, archive: Archive, file: str) -> None:
    Archive.objects.update(expires_at=timezone.now())
    response = api.get(file)
    assert (response.status_code, response.json()["code"]) == (404, "no_file")
    assert api.get(path_of(archive.task)).json()["file"] is None


def test_a_file_that_the_storage_has_lost_is_gone(api: Client, archive: Archive, file: str) -> None:
    exports_storage().delete(str(archive.file.name))
    response = api.get(file)
    assert (response.status_code, response.json()["code"]) == (404, "file_lost")


def test_an_unfinished_export_has_no_file_yet(api: Client) -> None:
    start(api)
    file = f"{path_of(Task.objects.get())}/file"
    for response in (api.get(file), api.delete(file)):
        assert (response.status_code, response.json()["code"]) == (409, "not_finished")


def test_a_file_is_deleted_once(api: Client, archive: Archive, file: str) -> None:
    response = api.delete(file)
    assert (response.status_code, response.content) == (204, b"")
    assert not exports_storage().exists(str(archive.file.name))
    second = api.delete(file)
    assert (second.status_code, second.json()["code"]) == (404, "no_file")
    assert api.get(path_of(archive.task)).json()["status"] == "succeeded"


def test_a_storage_that_fails_keeps_the_file(
    api: Client, archive: Archive, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: Any) -> None:
        raise OSError

    for name in ("delete", "exists"):
        monkeypatch.setattr(type(exports_storage()), name, fail)
    for response in (api.delete(file), api.get(file)):
        assert (response.status_code, response.json()["code"]) == (503, "storage_unavailable")
        assert int(response["Retry-After"]) > 0
    archive.refresh_from_db()
    assert archive.is_available


def test_texts_are_json_whatever_they_are(api: Client, susan: User) -> None:
    archive = archive_of(susan, b"{}", filename='microblog-"\u2028.zip')
    assert json.loads(api.get(path_of(archive.task)).content)["file"]["name"] == 'microblog-"\u2028.zip'
