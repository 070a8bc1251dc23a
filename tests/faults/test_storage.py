"""Faults of the storage: disks that fill up, folders and buckets that refuse, are slow, or lose a file."""

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from subprocess import Popen
from urllib.parse import urlencode

import pytest
from botocore.config import Config
from django.conf import LazySettings, settings
from django.core.files.storage import storages
from django.test import Client
from django.utils import timezone
from django.utils.html import escape

from accounts.models import User
from exports.jobs import PostsExport
from exports.models import Archive
from exports.models.archive import Removal
from exports.storage import object_storage
from microblog_project import environment
from posts.models import Post
from tasks.models import Task, TaskStatus
from tasks.models.failure import FailureCode
from tests.bucket import CREDENTIALS, Bucket
from tests.exports.archives import archive_of
from tests.faults.buckets import FaultyBucket
from tests.faults.conftest import PATIENT
from tests.faults.horses import horse_of
from tests.faults.outcomes import mails_of, temporary_files
from tests.faults.pages import (
    assert_another_succeeds,
    downloaded,
    exports_page,
    news_of,
    start_export,
    wait_for_end,
    wait_for_mail,
)
from tests.mail_server import MailServer
from tests.members import signed_in_client
from tests.waiting import wait_until

WorkerFactory = Callable[..., "Popen[bytes]"]

NO_ROOM = PostsExport.failure_text(FailureCode.NO_SPACE, None)
SOMETHING = "Something went wrong on our side. Our team has been notified, and your posts are safe."
SMALL_DISK = ["unshare", *([] if os.geteuid() == 0 else ["--map-root-user"]), "--mount", "sh", "-c"]
KILOBYTE = 1024

pytestmark = pytest.mark.processes


@pytest.fixture
def client(susan: User) -> Client:
    return signed_in_client(susan)


@pytest.fixture
def start(start_worker: WorkerFactory) -> WorkerFactory:
    """Start a worker that soon tries again what failed."""
    return lambda *wrapper, **variables: start_worker(*wrapper, EXPORT_RETRY_PAUSES="0.1", **variables)


def write(posts: int, kilobytes: int) -> None:
    susan = User.objects.get()
    for number in range(posts):
        susan.posts.create(body=f"{number}" * KILOBYTE * kilobytes)


def small_disk(folder: Path, kilobytes: int) -> list[str]:
    """Return the command that gives the command after it a disk of its own at `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    mount = f'mount -t tmpfs -o size={kilobytes}k tmpfs "{folder}"'
    if subprocess.run([*SMALL_DISK, mount], capture_output=True, check=False).returncode:
        pytest.skip("This machine doesn't allow mounting a small disk")  # many containers do not
    return [*SMALL_DISK, f'{mount} && exec "$@"', "sh"]


def files_on(worker: "Popen[bytes]", folder: Path) -> list[Path]:
    """Return the files that the worker sees in the folder, on the disk of its own."""
    return [path for path in Path(f"/proc/{worker.pid}/root{folder}").rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("folder", "posts"),
    [
        pytest.param("tmp", 3, id="while the file is written"),
        pytest.param("exports", 3, id="while it is moved to the storage"),
        pytest.param("exports", 1, id="at its very end, which a copy does not notice"),
    ],
)
def test_a_full_disk_fails_the_export_at_once_and_leaves_no_file(
    start: WorkerFactory, client: Client, smtp_server: MailServer, folder: str, posts: int
) -> None:
    write(posts, kilobytes=100)
    disk = settings.VAR_DIR / folder
    worker = start(*small_disk(disk, kilobytes=80), EXPORT_FREE_SPACE_RESERVE="0")
    task = wait_for_end(start_export(client))
    assert (task.status, task.error, task.attempt) == (TaskStatus.FAILED, NO_ROOM, 1)
    assert not Archive.objects.exists()
    assert news_of(task, client)["error"] == NO_ROOM
    assert escape(NO_ROOM) in exports_page(client)
    assert f"/tasks/{task.pk}/retry/" in exports_page(client)
    assert files_on(worker, disk) == []
    [told] = wait_until(lambda: smtp_server.messages, what="the email about the failure")
    assert "-failed@" in told["Message-ID"]
    Post.objects.all().delete()  # then there is room again
    assert_another_succeeds(client)


@pytest.fixture
def obstacle(susan: User) -> Iterator[Path]:
    """Return a file that is in the way of the member's folder in the storage."""
    path: Path = settings.VAR_DIR / "exports" / str(susan.pk)
    path.parent.mkdir(exist_ok=True)
    shutil.rmtree(path, ignore_errors=True)  # an earlier test's member can have had the same number
    path.touch()
    yield path
    if path.is_file():
        path.unlink()


def test_a_storage_outage_delays_the_export(
    start: WorkerFactory, client: Client, obstacle: Path, smtp_server: MailServer
) -> None:
    start(EXPORT_MAX_ATTEMPTS="100")
    write(posts=3, kilobytes=1)
    task = start_export(client)
    wait_until(lambda: Task.objects.get(pk=task.pk).failures, what="The first failure")
    assert news_of(task, client)["status"] in {TaskStatus.QUEUED, TaskStatus.RUNNING}
    obstacle.unlink()
    assert wait_for_end(task).status == TaskStatus.SUCCEEDED
    wait_for_mail(task)
    assert len(json.loads(downloaded(task, client))["posts"]) == 3
    assert len(smtp_server.messages) == 1
    assert not list(obstacle.rglob("*-1/*"))
    assert temporary_files() == []
    assert_another_succeeds(client)


def test_a_lasting_storage_outage_fails_the_export_with_a_reason(
    start: WorkerFactory, client: Client, obstacle: Path, smtp_server: MailServer
) -> None:
    start()
    task = wait_for_end(start_export(client))
    assert (task.status, task.error, task.attempt) == (TaskStatus.FAILED, SOMETHING, 3)
    assert "Not a directory" in task.traceback
    assert SOMETHING in exports_page(client)
    assert temporary_files() == []
    assert mails_of(task, smtp_server) == []
    obstacle.unlink()
    client.post(f"/exports/{task.pk}/retry/")
    again = Task.objects.exclude(pk=task.pk).get()
    assert wait_for_end(again).status == TaskStatus.SUCCEEDED


def test_a_vanished_file_is_reported_lost_and_a_new_export_can_start(start: WorkerFactory, client: Client) -> None:
    start()
    task = wait_for_end(start_export(client))
    wait_for_mail(task)
    Path(task.archive.file.path).unlink()
    answer = client.get(f"/exports/{task.pk}/download/")
    assert answer.status_code == 404
    assert escape("This export's file is no longer available.") in answer.content.decode()
    assert Archive.objects.get().removal == Removal.LOST
    page = exports_page(client)
    assert "We lost this file" in page
    assert f"/exports/{task.pk}/download/" not in page
    assert_another_succeeds(client)


def test_unavailable_storage_is_not_reported_as_lost_files(susan: User, client: Client) -> None:
    archive = archive_of(susan, b"All that I wrote")
    storage, elsewhere = settings.VAR_DIR / "exports", settings.VAR_DIR / "elsewhere"
    storage.rename(elsewhere)
    try:
        answer = client.get(f"/exports/{archive.task_id}/download/")
    finally:
        shutil.rmtree(storage, ignore_errors=True)
        elsewhere.rename(storage)
    assert answer.status_code == 503
    assert "Your file is safe" in answer.content.decode()
    assert downloaded(archive.task, client) == b"All that I wrote"


@pytest.fixture
def bucket(bucket_server: Bucket, settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyBucket]:
    """Return a bucket with faults, which is also this process's archive storage."""
    bucket = FaultyBucket(bucket_server)
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    settings.STORAGES = {**settings.STORAGES, "exports": environment.exports_storage(bucket.url, settings.VAR_DIR)}
    # A field asks for its storage once, when its model is read.
    monkeypatch.setattr(Archive._meta.get_field("file"), "storage", storages["exports"])
    yield bucket
    bucket.stop()


@pytest.fixture
def silent_storage(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A bucket that takes connections and answers nothing, which is waited for a tenth as long as usual."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    question = object_storage.QUESTION
    patience = {"connect_timeout": question.connect_timeout / 10, "read_timeout": question.read_timeout / 10}
    monkeypatch.setattr(object_storage, "QUESTION", question.merge(Config(**patience)))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        endpoint = urlencode({"endpoint_url": f"http://127.0.0.1:{listening.getsockname()[1]}"})
        entry = environment.exports_storage(f"s3://archives?{endpoint}", settings.VAR_DIR)
        settings.STORAGES = {**settings.STORAGES, "exports": entry}
        monkeypatch.setattr(Archive._meta.get_field("file"), "storage", storages["exports"])
        yield


def test_an_unresponsive_bucket_is_reported_within_seconds(susan: User, client: Client, silent_storage: None) -> None:
    now = timezone.now()
    task = Task.objects.create(user=susan, name="export_posts", status=TaskStatus.SUCCEEDED, progress=100)
    archive = Archive.objects.create(
        task=task, user=susan, file="1/posts.json", size=1, snapshot_at=now, expires_at=now + timedelta(days=1)
    )
    started = time.monotonic()
    answer = client.get(f"/exports/{task.pk}/download/")
    assert (answer.status_code, "Your file is safe" in answer.content.decode()) == (503, True)
    answer = client.post(f"/exports/{task.pk}/delete/", follow=True)
    assert "t delete the file. Please try again" in answer.content.decode()
    assert 10 * (time.monotonic() - started) < 100  # of the usual patience, on a slow machine too
    archive.refresh_from_db()
    assert archive.is_available


def files_in(bucket: Bucket, task: Task) -> list[str]:
    return [name for name in bucket.names() if str(task.pk) in name]


def test_a_bucket_outage_delays_the_export_and_the_download(
    start: WorkerFactory, client: Client, bucket: FaultyBucket, smtp_server: MailServer
) -> None:
    bucket.refuses = True
    start(EXPORT_STORAGE_URL=bucket.url)
    task = start_export(client)
    wait_until(lambda: Task.objects.get(pk=task.pk).failures, what="The first failure")
    bucket.refuses = False
    assert wait_for_end(task).status == TaskStatus.SUCCEEDED
    wait_for_mail(task)
    assert len(smtp_server.messages) == 1
    bucket.refuses = True
    answer = client.get(f"/exports/{task.pk}/download/")
    assert (answer.status_code, "Your file is safe" in answer.content.decode()) == (503, True)
    bucket.refuses = False
    assert client.get(f"/exports/{task.pk}/download/").status_code == 302
    assert_another_succeeds(client)


def test_a_worker_waiting_for_a_slow_bucket_is_not_declared_dead(
    start: WorkerFactory, client: Client, bucket: FaultyBucket, smtp_server: MailServer
) -> None:
    bucket.replies.clear()
    for _ in range(2):
        start(EXPORT_STORAGE_URL=bucket.url, **PATIENT)
    task = start_export(client)
    assert bucket.stored.wait(60)
    first = news_of(task, client)
    # Longer than the silence after which it would count as dead.
    wait_until(lambda: heartbeats_for(task) > 4, what="Some heartbeats")
    assert first["status"] == TaskStatus.RUNNING
    bucket.replies.set()
    assert wait_for_end(task).status == TaskStatus.SUCCEEDED
    assert (task.attempt, task.failures) == (1, 0)
    wait_for_mail(task)
    assert len(smtp_server.messages) == 1


def heartbeats_for(task: Task) -> float:
    """Return the seconds from the attempt's start to its latest heartbeat."""
    task.refresh_from_db()
    assert task.heartbeat_at
    assert task.started_at
    return (task.heartbeat_at - task.started_at).total_seconds()


def test_a_crash_between_storing_and_saving_leaves_no_file_after_housekeeping(
    start: WorkerFactory, client: Client, bucket: FaultyBucket, bucket_server: Bucket, smtp_server: MailServer
) -> None:
    variables = {"EXPORT_STORAGE_URL": bucket.url, "EXPORT_JOB_TIMEOUT": "4"}
    bucket.replies.clear()
    worker = start(**variables)
    task = start_export(client)
    assert bucket.stored.wait(60)
    horse = horse_of(worker)
    worker.kill()
    os.kill(horse, signal.SIGKILL)
    [orphan], [leftover] = files_in(bucket_server, task), temporary_files()
    bucket.replies.set()
    start(**variables)
    assert wait_for_end(task).status == TaskStatus.SUCCEEDED
    archive = wait_for_mail(task)
    wait_until(lambda: orphan not in files_in(bucket_server, task), what="The end of the orphan")
    wait_until(lambda: not leftover.exists(), what="The end of the temporary file")
    assert files_in(bucket_server, task) == [f"some/prefix/{archive.file.name}"]
    assert len(smtp_server.messages) == 1
    assert_another_succeeds(client)
