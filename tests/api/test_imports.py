"""Imports over the API: uploaded, previewed, confirmed, undone, discarded; by whom, and once."""

import csv
import io
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from core.requests.bounds import BODY_LIMIT
from imports.models import Import, Stage, imports_storage
from imports.views import FORM_SIZE
from tasks import runner
from tasks.models import Task, TaskStatus
from tasks.queue.client import QueueUnavailableError
from tests.api.conftest import client_of
from tests.imports.conftest import _handmade_is_known, again, handmade, posts
from tests.security.test_bounds import Unreadable

__all__ = ["_handmade_is_known"]

IMPORTS = "/api/v1/imports"
JSON = "application/json"
ACTIONS = ["confirm", "cancel", "retry", "undo", "discard"]


@pytest.fixture(autouse=True)
def _no_files_left_over(redis_queue: object, transactional_db: None) -> Iterator[None]:
    yield
    for upload in Import.objects.exclude(file=""):
        imports_storage().delete(str(upload.file.name))


def upload(api: Client, content: bytes) -> Any:
    return api.post(IMPORTS, {"file": SimpleUploadedFile("my archive.txt", content)})


def run_latest() -> None:
    runner.run(str(Task.objects.latest("created_at").pk))


@pytest.fixture
def waiting(api: Client) -> Import:
    """An import of two posts and a reply that waits for Susan's decision."""
    upload(api, handmade(*posts(2), {"source_id": "r", "body": "to bob", "kind": "reply"}, {"reason": "boost"}))
    run_latest()
    return Import.objects.get()


def path_of(waiting: Import, action: str = "") -> str:
    return f"{IMPORTS}/{waiting.pk}{action and '/'}{action}"


def test_an_archive_is_uploaded_read_confirmed_and_undone(api: Client, susan: User) -> None:
    before = susan.posts.count()
    created = upload(api, handmade(*posts(2), {"reason": "boost"}))
    path = path_of(Import.objects.get())
    assert (created.status_code, created["Location"]) == (201, f"http://localhost:8000{path}")
    assert (created.json()["stage"], created.json()["task"]["status"]) == ("reading", "queued")
    assert created.json()["filename"] == "my archive.txt"
    run_latest()
    preview = api.get(path).json()
    assert (preview["stage"], preview["report"]) == ("preview", None)
    assert (preview["preview"]["new"], preview["preview"]["left_out"]) == (2, {"boost": 1})
    assert preview["preview"]["first"]["body"] == "post 0"
    confirmed = api.post(f"{path}/confirm", {}, content_type=JSON)
    assert (confirmed.status_code, confirmed.json()["stage"]) == (200, "importing")
    run_latest()
    done = api.get(path).json()
    assert (done["stage"], done["preview"]) == ("done", None)
    assert (done["report"]["imported"], done["report"]["left_out"]) == (2, {"boost": 1})
    assert susan.posts.count() == before + 2
    assert api.post(f"{path}/undo").json()["stage"] == "undoing"
    run_latest()
    assert api.get(path).json()["stage"] == "undone"
    assert susan.posts.count() == before


def test_what_is_chosen_is_imported(api: Client, susan: User, waiting: Import) -> None:
    api.post(path_of(waiting, "confirm"), {"kinds": ["reply"]}, content_type=JSON)
    assert again(waiting).choices == {"kinds": ["public", "reply"], "profile": False, "follows": False}


def test_a_kind_that_the_archive_does_not_hold_is_refused(api: Client, waiting: Import) -> None:
    response = api.post(path_of(waiting, "confirm"), {"kinds": ["unlisted"]}, content_type=JSON)
    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == "/body/kinds"
    assert again(waiting).stage == Stage.PREVIEW


def test_an_import_is_confirmed_once(api: Client, waiting: Import) -> None:
    api.post(path_of(waiting, "confirm"), {}, content_type=JSON)
    run_latest()
    second = api.post(path_of(waiting, "confirm"), {}, content_type=JSON)
    assert (second.status_code, second.json()["code"]) == (409, "not_waiting")
    assert Task.objects.filter(name="import_posts").count() == 1


def test_while_posts_are_imported_nothing_else_is(api: Client, waiting: Import) -> None:
    api.post(path_of(waiting, "confirm"), {}, content_type=JSON)
    for response in (upload(api, handmade()), api.post(path_of(waiting, "undo"))):
        assert response.status_code == 409
    assert Import.objects.count() == 1


def test_an_import_is_cancelled_and_retried(api: Client, waiting: Import) -> None:
    api.post(path_of(waiting, "confirm"), {}, content_type=JSON)
    assert api.post(path_of(waiting, "cancel")).json()["task"]["status"] == "cancelled"
    assert api.post(path_of(waiting, "cancel")).json()["code"] == "already_ended"
    assert api.post(path_of(waiting, "retry")).json()["task"]["status"] == "queued"
    run_latest()
    assert again(waiting).stage == Stage.DONE


def test_an_import_is_discarded_once_with_its_file(api: Client, waiting: Import) -> None:
    assert api.post(path_of(waiting, "discard")).json()["stage"] == "discarded"
    assert not imports_storage().exists(str(waiting.file.name))
    for action in ("discard", "retry"):
        assert api.post(path_of(waiting, action)).json()["code"] == "not_waiting"


def test_an_import_is_undone_once(api: Client, waiting: Import) -> None:
    assert api.post(path_of(waiting, "undo")).json()["code"] == "undo_impossible"
    api.post(path_of(waiting, "confirm"), {}, content_type=JSON)
    run_latest()
    api.post(path_of(waiting, "undo"))
    run_latest()
    assert api.post(path_of(waiting, "undo")).json()["code"] == "undo_impossible"


def test_a_file_that_cannot_be_read_says_why(api: Client) -> None:
    upload(api, b"nothing that we know")
    run_latest()
    error = api.get(path_of(Import.objects.get())).json()["task"]["error"]
    assert error["code"] == "unknown"
    assert "We don't recognize this file" in error["detail"]


def test_what_was_left_out_is_a_csv(api: Client, waiting: Import) -> None:
    api.post(path_of(waiting, "confirm"), {}, content_type=JSON)
    run_latest()
    response = api.get(path_of(waiting, "left-out.csv"))
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    rows = list(csv.reader(io.StringIO(response.getvalue().decode("utf-8-sig"))))
    assert len(rows) == 3  # the heading, the boost, and the reply that was not chosen


def test_the_list_holds_each_import_with_its_latest_task(api: Client, waiting: Import) -> None:
    items = api.get(IMPORTS).json()["items"]
    assert [(item["id"], item["stage"], item["task"]["status"]) for item in items] == [
        (str(waiting.pk), "preview", "succeeded")
    ]


def test_a_longer_list_needs_no_more_queries(api: Client, waiting: Import) -> None:
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as queries:
            api.get(IMPORTS)
        counts.append(len(queries))
        for _ in range(5):
            Import.objects.create(user=waiting.user, filename="other", size=1, stage=Stage.UNDONE)
    assert counts[0] == counts[1] <= 5


# --- Who may do it --------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", ["", "left-out.csv", *ACTIONS])
def test_another_members_import_does_not_exist(waiting: Import, john: User, action: str) -> None:
    client, path = client_of(john), path_of(waiting, action)
    response = client.post(path, {}, content_type=JSON) if action in ACTIONS else client.get(path)
    assert (response.status_code, response.json()["code"]) == (404, "not_found")
    assert again(waiting).stage == Stage.PREVIEW
    assert client.get(IMPORTS).json()["items"] == []


@pytest.mark.parametrize("action", ACTIONS)
def test_nothing_is_done_by_get(api: Client, waiting: Import, action: str) -> None:
    response = api.get(path_of(waiting, action))
    assert (response.status_code, response["Allow"]) == (405, "POST")
    assert again(waiting).stage == Stage.PREVIEW


# --- The upload -----------------------------------------------------------------------------------------


def announce(client: Client, size: int, content_type: str = "multipart/form-data; boundary=x") -> Any:
    """Send an upload whose body must not be read."""
    form: dict[str, Any] = {"CONTENT_TYPE": content_type, "CONTENT_LENGTH": str(size)}
    return client.generic("POST", IMPORTS, **{"wsgi.input": Unreadable(), **form})


@pytest.mark.parametrize("size", [10, BODY_LIMIT + 1, 1_000_000_000])
def test_without_a_token_no_upload_is_read(client: Client, db: None, size: int) -> None:
    assert announce(client, size).json()["code"] == "unauthorized"
    assert announce(Client(headers={"Authorization": "Bearer mbt_" + "x" * 43}), size).json()["code"] == "invalid_token"


def test_with_another_scope_no_upload_is_read(susan: User) -> None:
    assert announce(client_of(susan, "exports:write"), 1_000_000).json()["code"] == "insufficient_scope"


def test_over_its_limit_no_upload_is_read(api: Client, settings: LazySettings) -> None:
    settings.ACCOUNT_RATE_LIMITS = {**settings.ACCOUNT_RATE_LIMITS, "task": "1/10m/user"}
    upload(api, handmade())
    response = announce(api, 1_000_000)
    assert response.status_code == 429
    assert int(response["Retry-After"]) > 0


def test_what_is_too_large_is_not_read(api: Client, settings: LazySettings) -> None:
    assert announce(api, settings.IMPORT_MAX_SIZE + FORM_SIZE + 1).status_code == 413


@pytest.mark.parametrize("content_type", ["application/json", "application/x-www-form-urlencoded", "text/plain", ""])
def test_another_type_of_body_is_not_read(api: Client, content_type: str) -> None:
    response = announce(api, 100, content_type)
    assert (response.status_code, response["Accept-Post"]) == (415, "multipart/form-data")


def test_a_file_beyond_the_limit_is_refused(api: Client, settings: LazySettings) -> None:
    settings.IMPORT_MAX_SIZE = 10
    response = upload(api, b"x" * 11)
    assert (response.status_code, response["Content-Type"]) == (413, "application/problem+json")
    assert not Import.objects.exists()


def test_without_room_on_the_disk_nothing_is_read(api: Client, settings: LazySettings) -> None:
    settings.EXPORT_FREE_SPACE_RESERVE = 10**18
    response = upload(api, b"x" * (BODY_LIMIT + 1))
    assert (response.status_code, response["Content-Type"]) == (507, "application/problem+json")
    assert not Import.objects.exists()


def test_a_form_that_cannot_be_parsed_is_refused(api: Client) -> None:
    response = api.generic("POST", IMPORTS, b"x", content_type="multipart/form-data")
    assert (response.status_code, response["Content-Type"]) == (400, "application/problem+json")


def test_an_upload_without_a_file_names_it(api: Client) -> None:
    response = api.post(IMPORTS, {"other": "x"})
    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"].endswith("/file")


def test_a_queue_that_is_unavailable_keeps_no_file(api: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: Any, **_kwargs: Any) -> None:
        raise QueueUnavailableError

    monkeypatch.setattr("tasks.services.launch.task_enqueue", fail)
    assert upload(api, handmade()).status_code == 503
    assert Task.objects.get().status == TaskStatus.FAILED
