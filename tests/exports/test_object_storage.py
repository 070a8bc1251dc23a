"""Archives in object storage: a real S3 server, the worker, the mail, and the download by a signed address."""

import hashlib
import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from subprocess import Popen
from urllib.parse import parse_qs, urlsplit
from urllib.request import Request, urlopen

import pytest
from django.conf import LazySettings
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import storages
from django.test import Client
from django.urls import reverse

from accounts.models import User
from exports.delivery.archive_email import archive_message
from exports.models import Archive
from exports.storage.files import StorageUnavailableError, storage_ping
from microblog_project import environment
from tasks.models import TaskStatus
from tasks.services.launch import task_launch
from tests.bucket import CREDENTIALS, Bucket
from tests.exports.archives import archive_of
from tests.mail_server import MailServer, free_port
from tests.waiting import wait_until

Work = Callable[[], None]

pytestmark = pytest.mark.processes


@pytest.fixture
def bucket(bucket_server: Bucket, settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """The bucket as this process's storage of archives, as EXPORT_STORAGE_URL makes it in a process of its own."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    entry = environment.exports_storage(bucket_server.url, settings.VAR_DIR / "exports")
    settings.STORAGES = {**settings.STORAGES, "exports": entry}
    # A field asks for its storage once, when its model is read.
    monkeypatch.setattr(Archive._meta.get_field("file"), "storage", storages["exports"])
    return bucket_server


@pytest.fixture
def archive(bucket: Bucket, susan: User, work: Work) -> Archive:
    """Susan's export in the bucket."""
    task = task_launch(user=susan, name="export_posts")
    work()
    return Archive.objects.get(task=task)


def address(archive: Archive) -> str:
    return reverse("exports:download", args=[archive.task_id])


def downloads(archive: Archive) -> int:
    return Archive.objects.get(pk=archive.pk).download_count


def test_a_worker_keeps_the_archive_in_the_bucket_and_mails_it_from_there(
    susan: User,
    bucket: Bucket,
    signed_in: Client,
    smtp_server: MailServer,
    worker_factory: Callable[..., "Popen[bytes]"],
) -> None:
    worker_factory(EXPORT_STORAGE_URL=bucket.url, EMAIL_URL=smtp_server.url, **CREDENTIALS)
    signed_in.post("/exports/")
    [mail] = wait_until(lambda: smtp_server.messages, what="The mail")
    archive = Archive.objects.get()
    assert archive.task.status == TaskStatus.SUCCEEDED
    stored = bucket.files()[f"some/prefix/{archive.file.name}"]
    assert hashlib.sha256(stored).hexdigest() == archive.sha256
    [attachment] = mail.iter_attachments()
    assert attachment.get_payload(decode=True) == stored
    with urlopen(signed_in.get(address(archive))["Location"]) as response:
        assert response.read() == stored


def test_the_download_leads_to_a_signed_address_that_gives_the_same_bytes(signed_in: Client, archive: Archive) -> None:
    response = signed_in.get(address(archive))
    assert response.status_code == 302
    assert "no-store" in response["Cache-Control"]
    with urlopen(response["Location"]) as answer:
        content = answer.read()
        assert answer.headers["Content-Disposition"] == 'attachment; filename="posts.json"'
        assert answer.headers["Content-Type"] == "application/json"
    assert hashlib.sha256(content).hexdigest() == archive.sha256
    assert len(json.loads(content)["posts"]) == 3
    assert downloads(archive) == 1


def test_a_download_from_the_bucket_can_be_resumed(signed_in: Client, archive: Archive) -> None:
    location = signed_in.get(address(archive))["Location"]
    with urlopen(Request(location, headers={"Range": "bytes=10-"})) as rest:
        assert rest.status == 206
        assert rest.read() == archive.file.open("rb").read()[10:]


def test_the_signature_is_version_4_and_lasts_a_minute(signed_in: Client, archive: Archive) -> None:
    query = parse_qs(urlsplit(signed_in.get(address(archive))["Location"]).query)
    assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert query["X-Amz-Expires"] == ["60"]
    assert query["X-Amz-Signature"]


def test_head_leads_to_an_address_signed_for_head_and_is_not_counted(signed_in: Client, archive: Archive) -> None:
    response = signed_in.head(address(archive))
    assert response.status_code == 302
    with urlopen(Request(response["Location"], method="HEAD")) as answer:
        assert int(answer.headers["Content-Length"]) == archive.size
    assert response["Location"] != signed_in.get(address(archive))["Location"]
    assert downloads(archive) == 1


def test_a_stranger_gets_no_address(stranger: Client, archive: Archive) -> None:
    assert stranger.get(address(archive)).status_code == 404
    assert downloads(archive) == 0


def test_the_file_has_no_rights_of_its_own_beyond_its_owners(bucket: Bucket, archive: Archive) -> None:
    grants = bucket.grants(f"some/prefix/{archive.file.name}")
    assert [(grant["Permission"], grant["Grantee"]["Type"]) for grant in grants] == [("FULL_CONTROL", "CanonicalUser")]


def test_a_second_file_of_one_name_does_not_overwrite_the_first(bucket: Bucket, susan: User) -> None:
    first, second = archive_of(susan, b"first"), archive_of(susan, b"second")
    second.file.save(str(first.file.name), second.file.open("rb"))
    assert second.file.name != first.file.name
    assert bucket.files()[f"some/prefix/{first.file.name}"] == b"first"


def test_deleting_takes_the_file_out_of_the_bucket(bucket: Bucket, archive: Archive) -> None:
    name = str(archive.file.name)
    archive.file.delete()
    assert f"some/prefix/{name}" not in bucket.files()


def test_a_file_that_vanished_is_not_found_with_an_explanation_and_not_counted(
    signed_in: Client, archive: Archive
) -> None:
    archive.file.storage.delete(str(archive.file.name))
    response = signed_in.get(address(archive))
    assert response.status_code == 404
    assert "file is no longer available" in response.content.decode()
    assert downloads(archive) == 0


def test_a_compressed_copy_of_a_file_in_the_bucket_takes_little_memory(
    bucket: Bucket, susan: User, settings: LazySettings
) -> None:
    settings.EXPORT_ATTACHMENT_LIMIT = 2_000_000
    archive = archive_of(susan, b"All the same. " * 1_000_000)
    archive_message(archive)
    tracemalloc.start()
    try:
        message = archive_message(archive)
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()
    assert [attachment.filename for attachment in message.attachments] == ["posts.json.zip"]


@pytest.mark.parametrize(
    ("url", "endpoint", "region"),
    [
        ("s3://archives/p?region_name=eu-west-1", "https://s3.eu-west-1.amazonaws.com", "eu-west-1"),
        ("s3://archives/p/?endpoint_url=https://minio.example:9000/", "https://minio.example:9000", "us-east-1"),
        ("s3://archives/p?endpoint_url=http%3A%2F%2Fhost&region_name=auto", "http://host", "auto"),
    ],
)
def test_a_bucket_is_named_by_one_address(url: str, endpoint: str, region: str, tmp_path: Path) -> None:
    entry = environment.exports_storage(url, tmp_path)
    assert entry["OPTIONS"] == {
        "bucket_name": "archives",
        "location": "p",
        "endpoint_url": endpoint,
        "region_name": region,
    }
    # The sign-in form leads on to it, which browsers must be told.
    assert environment.storage_origins(entry) == [endpoint]


def test_without_an_address_archives_stay_in_a_private_folder(tmp_path: Path) -> None:
    entry = environment.exports_storage("", tmp_path)
    assert entry["OPTIONS"]["location"] == tmp_path
    assert environment.storage_origins(entry) == []


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("archives", "no object storage is called ''"),
        ("gs://archives", "no object storage is called 'gs'"),
        ("s3://", "only the bucket's name"),
        ("s3://archives", "region_name or endpoint_url is missing"),
        ("s3://archives?region_name=", "region_name or endpoint_url is missing"),
        ("s3://archives?region_name", "bad query field"),
        ("s3://archives?endpoint=https://host", "endpoint: only endpoint_url and region_name are known"),
        ("s3://archives?endpoint_url=host:9000", "'host:9000' is no https://host"),
        ("s3://archives?endpoint_url=https://host/path", "'https://host/path' is no https://host"),
        ("s3://archives?endpoint_url=https://host%3B script-src *", "is no https://host"),
    ],
)
def test_an_unreadable_url_is_reported_with_the_reason_and_a_hint(url: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(ImproperlyConfigured) as told:
        environment.exports_storage(url, tmp_path)
    for words in ("EXPORT_STORAGE_URL", repr(url), reason, "Use s3://bucket/prefix?region_name="):
        assert words in str(told.value)


def test_a_password_in_the_address_is_refused_and_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(ImproperlyConfigured, match="AWS_ACCESS_KEY_ID") as told:
        environment.exports_storage("s3://key:secret@archives?region_name=eu-west-1", tmp_path)
    assert "secret" not in str(told.value)
    assert "@archives" in str(told.value)


def test_a_bucket_answers_whether_it_is_there(bucket: Bucket, settings: LazySettings) -> None:
    storage_ping()
    nowhere = environment.exports_storage(f"s3://archives?endpoint_url=http://127.0.0.1:{free_port()}", Path())
    settings.STORAGES = {**settings.STORAGES, "exports": nowhere}
    with pytest.raises(StorageUnavailableError, match="Could not connect"):
        storage_ping()
