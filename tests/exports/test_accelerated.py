"""Downloads that nginx sends: what the application tells it, and when it sends the file itself.

With a real nginx: tests/deploy/test_nginx.py.
"""

from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.files.storage import FileSystemStorage, storages
from django.test import Client
from django.urls import reverse

from accounts.models import User
from exports.models import Archive
from microblog_project import environment
from tasks.services.launch import task_launch
from tests.exports.archives import archive_of

CONTENT = bytes(range(256)) * 4


@pytest.fixture(autouse=True)
def accelerated(settings: LazySettings) -> None:
    settings.EXPORT_ACCEL_LOCATION = "/_exports/"


@pytest.fixture
def archive(susan: User) -> Archive:
    return archive_of(susan, CONTENT)


@pytest.fixture
def shared_storage(settings: LazySettings, tmp_path: Path) -> FileSystemStorage:
    """The storage as the settings make it when nginx is to read from it."""
    entry = environment.exports_storage("", tmp_path / "exports", group_may_read=True)
    settings.STORAGES = {**settings.STORAGES, "exports": entry}
    storage = storages["exports"]
    assert isinstance(storage, FileSystemStorage)
    return storage


def get(client: Client, archive: Archive, method: str = "get", **headers: str) -> Any:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return getattr(client, method)(reverse("exports:download", args=[archive.task_id]), headers=names)


def downloads(archive: Archive) -> int:
    return Archive.objects.get(pk=archive.pk).download_count


def test_nginx_is_told_which_file_to_send_and_all_that_is_to_be_said_of_it(signed_in: Client, archive: Archive) -> None:
    response = get(signed_in, archive)
    assert (response.status_code, response.content, response["Content-Length"]) == (200, b"", "0")
    assert response["X-Accel-Redirect"] == f"/_exports/{archive.user_id}/{archive.task_id}-1/posts.json"
    assert response["Content-Disposition"] == 'attachment; filename="posts.json"'
    assert response["Content-Type"] == "application/json"
    assert response["ETag"] == f'"{archive.sha256}"'
    assert response["Repr-Digest"].startswith("sha-256=:")
    assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert response["Cache-Control"] == "private, no-store"


def test_without_the_setting_the_application_sends_the_file(
    signed_in: Client, archive: Archive, settings: LazySettings
) -> None:
    settings.EXPORT_ACCEL_LOCATION = ""
    response = get(signed_in, archive)
    assert b"".join(response.streaming_content) == CONTENT
    assert "X-Accel-Redirect" not in response


def test_the_name_of_the_file_can_be_no_other_address(signed_in: Client, archive: Archive) -> None:
    stored = archive.file.storage.save("1/odd ?#%2e..ü\n/posts.json", archive.file)
    Archive.objects.update(file=stored)
    assert get(signed_in, archive)["X-Accel-Redirect"] == "/_exports/1/odd%20%3F%23%252e..%C3%BC%0A/posts.json"


@pytest.mark.parametrize(("asked", "count"), [("", 2), ("bytes=0-", 2), ("bytes=0-9", 2), ("bytes=10-", 0)])
def test_a_download_is_counted_at_its_first_byte(signed_in: Client, archive: Archive, asked: str, count: int) -> None:
    for _ in range(2):
        assert get(signed_in, archive, range=asked)["X-Accel-Redirect"]
    assert downloads(archive) == count


def test_a_response_without_a_file_does_not_use_nginx(signed_in: Client, archive: Archive) -> None:
    head = get(signed_in, archive, "head")
    assert (head.status_code, head["Content-Length"]) == (200, str(len(CONTENT)))
    unchanged = get(signed_in, archive, if_none_match=f'"{archive.sha256}"')
    beyond = get(signed_in, archive, range="bytes=9999-")
    assert [unchanged.status_code, beyond.status_code] == [304, 416]
    assert not any("X-Accel-Redirect" in response for response in (head, unchanged, beyond))
    assert downloads(archive) == 0


def test_the_application_sends_requests_that_nginx_would_refuse(signed_in: Client, archive: Archive) -> None:
    response = get(signed_in, archive, if_match=f'"{archive.sha256}"')
    assert b"".join(response.streaming_content) == CONTENT
    assert "X-Accel-Redirect" not in response


def test_a_stranger_is_told_nothing_of_the_file(stranger: Client, client: Client, archive: Archive) -> None:
    answers = [get(stranger, archive), get(client, archive)]
    assert [answer.status_code for answer in answers] == [404, 302]
    assert not any("X-Accel-Redirect" in answer for answer in answers)


def test_a_file_that_vanished_is_told_with_an_explanation(signed_in: Client, archive: Archive) -> None:
    archive.file.storage.delete(str(archive.file.name))
    response = get(signed_in, archive)
    assert response.status_code == 404
    assert "file is no longer available" in response.content.decode()


def test_the_group_and_nobody_else_can_read_what_nginx_is_to_send(
    susan: User, work: Any, shared_storage: FileSystemStorage
) -> None:
    task = task_launch(user=susan, name="export_posts")
    work()
    path = Path(shared_storage.path(str(Archive.objects.get(task=task).file.name)))
    folders = [path.parent, path.parent.parent, Path(shared_storage.location)]
    assert [place.stat().st_mode & 0o777 for place in (path, *folders)] == [0o640, 0o750, 0o750, 0o750]
