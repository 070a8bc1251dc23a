"""Uploaded files in object storage: a real S3 server, which holds the archives of exports, too."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from subprocess import Popen
from uuid import uuid4

import pytest
from botocore.exceptions import EndpointConnectionError
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import User
from core.health import Status
from imports import periodic
from imports.models import Import, Stage, imports_storage
from imports.periodic import upload_leftovers_remove
from imports.services.uploads import import_discard, import_upload
from posts.models import PostOrigin
from tasks import runner
from tests.bucket import CREDENTIALS, Bucket
from tests.checks import hints_of, status_of
from tests.imports.conftest import StoreIn, Upload, again, handmade, imported, posts
from tests.imports.reading import zip_of
from tests.mail_server import free_port
from tests.waiting import wait_until

pytestmark = [pytest.mark.processes, pytest.mark.usefixtures("redis_queue")]

PREFIX = "some/prefix"


@pytest.fixture
def bucket(bucket_server: Bucket, store_in: StoreIn, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Bucket:
    """Return the bucket in which this process keeps uploads."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    store_in(bucket_server.url, tmp_path)
    return bucket_server


def test_an_upload_its_entries_and_their_end_are_in_the_bucket(susan: User, bucket: Bucket) -> None:
    waiting, task = import_upload(user=susan, file=SimpleUploadedFile("a.txt", handmade(*posts(3))))
    uploaded = f"{PREFIX}/{waiting.file.name}"
    assert bucket.files()[uploaded] == handmade(*posts(3))
    runner.run(str(task.pk))
    read = again(waiting)
    entries = f"{PREFIX}/{read.file.name}"
    assert (uploaded in bucket.names(), entries in bucket.names()) == (False, True)
    assert imported(read).report["imported"] == 3
    assert entries not in bucket.names()


@pytest.mark.usefixtures("bucket")
def test_a_packed_file_is_read_from_the_bucket_too(upload: Upload) -> None:
    """The directory of a ZIP is at its end."""
    note = {"body": "in a bucket", "timestamp": "2020-01-01T00:00:00Z"}
    read = upload(zip_of(**{"posts.json": {"posts": [note]}}), "posts.zip")
    assert (read.stage, read.preview["new"]) == (Stage.PREVIEW, 1)


def test_a_discarded_file_is_deleted_from_the_bucket(upload: Upload, bucket: Bucket) -> None:
    read = upload(handmade(*posts(1)))
    import_discard(read)
    assert f"{PREFIX}/{read.file.name}" not in bucket.names()


def test_only_old_uploads_without_an_import_are_removed_from_the_bucket(
    upload: Upload, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = upload(handmade(*posts(1)))
    names = [str(read.file.name), f"uploads/{uuid4()}", f"7/{uuid4()}-1/archive.zip"]
    for name in names[1:]:
        imports_storage().save(name, ContentFile(b"x"))
    for lifetime, left in ((timedelta(days=1), names), (timedelta(days=-1), [names[0], names[2]])):
        monkeypatch.setattr(periodic, "FILE_LIFETIME", lifetime)
        upload_leftovers_remove()
        assert [name for name in names if f"{PREFIX}/{name}" in bucket.names()] == left


@pytest.mark.usefixtures("bucket")
def test_a_bucket_that_is_away_keeps_nothing_and_says_so(upload: Upload, store_in: StoreIn, tmp_path: Path) -> None:
    store_in(f"s3://archives?endpoint_url=http://127.0.0.1:{free_port()}", tmp_path)
    with pytest.raises(EndpointConnectionError):
        upload(handmade(*posts(1)))
    assert not Import.objects.exists()
    assert status_of("upload storage") is Status.FAILING
    assert "EXPORT_STORAGE_URL" in hints_of("upload storage")


def test_a_worker_of_another_machine_finds_the_file(
    susan: User, bucket: Bucket, signed_in: Client, worker_factory: Callable[..., "Popen[bytes]"], tmp_path: Path
) -> None:
    note = {"body": "in a bucket", "timestamp": "2020-01-01T00:00:00Z"}
    file = SimpleUploadedFile("posts.zip", zip_of(**{"posts.json": {"posts": [note]}}))
    worker_factory(EXPORT_STORAGE_URL=bucket.url, **CREDENTIALS)
    signed_in.post("/imports/", {"file": file})
    read = Import.objects.get()
    wait_until(lambda: again(read).stage == Stage.PREVIEW, what="The preview")
    signed_in.post(f"/imports/{read.pk}/confirm/")
    wait_until(lambda: again(read).stage == Stage.DONE, what="The end of the import")
    assert PostOrigin.objects.get().post.body == "in a bucket"
    wait_until(lambda: not any(str(read.pk) in name for name in bucket.names()), what="The end of the files")
