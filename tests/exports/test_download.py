"""Downloading an archive: by whom, whole or in parts, and how it is counted."""

import hashlib
import tracemalloc
from base64 import b64encode
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from django.conf import LazySettings
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from exports import serving
from exports.models import Archive
from exports.models.archive import Removal
from exports.serving import UnsatisfiableRangeError, parse_range
from exports.storage.cleanup import archive_discard
from tests.exports.archives import archive_of
from tests.members import PASSWORD

CONTENT = bytes(range(256)) * 40


@pytest.fixture
def archive(susan: User) -> Archive:
    """An archive of Susan's with bytes that tell their places."""
    return archive_of(susan, CONTENT)


def address(archive: Archive) -> str:
    return reverse("exports:download", args=[archive.task_id])


def get(client: Client, archive: Archive, **headers: str) -> Any:
    return client.get(address(archive), headers={name.replace("_", "-"): value for name, value in headers.items()})


def content_of(response: Any) -> bytes:
    return bytes(response.getvalue())


def downloads(archive: Archive) -> int:
    return Archive.objects.get(pk=archive.pk).download_count


def make_sign_in_old(client: Client, seconds: int) -> None:
    session = client.session
    for record in session[AUTHENTICATION_METHODS_SESSION_KEY]:
        record["at"] -= seconds
    session.save()


# --- By whom --------------------------------------------------------------------------------------------


def test_a_stranger_gets_404_however_long_ago_they_signed_in(stranger: Client, archive: Archive) -> None:
    assert get(stranger, archive).status_code == 404
    make_sign_in_old(stranger, 3601)
    assert get(stranger, archive).status_code == 404
    assert downloads(archive) == 0


def test_an_anonymous_visitor_is_sent_to_sign_in_and_comes_back(client: Client, archive: Archive) -> None:
    response = get(client, archive)
    assert response["Location"] == f"/accounts/login/?next={quote(address(archive))}"
    response = client.post(response["Location"], {"login": "susan", "password": PASSWORD}, follow=True)
    assert content_of(response) == CONTENT


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_other_methods_are_refused(signed_in: Client, archive: Archive, method: str) -> None:
    response = getattr(signed_in, method)(address(archive))
    assert (response.status_code, response["Allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize("method", ["get", "head"])
def test_after_a_while_the_password_is_asked_for(signed_in: Client, archive: Archive, method: str) -> None:
    make_sign_in_old(signed_in, 3601)
    response = getattr(signed_in, method)(address(archive))
    assert (response.status_code, response["Location"]) == (
        302,
        f"/accounts/reauthenticate/?next={quote(address(archive), safe='')}",
    )
    assert downloads(archive) == 0


def test_the_page_that_asks_says_why_and_leads_back_to_the_download(signed_in: Client, archive: Archive) -> None:
    make_sign_in_old(signed_in, 3601)
    page = signed_in.get(address(archive), follow=True)
    assert "It's been a while since you entered your password" in page.content.decode()
    form = {"next": address(archive), "password": PASSWORD}
    assert f'name="next" value="{address(archive)}"' in page.content.decode()
    response = signed_in.post("/accounts/reauthenticate/", form, follow=True)
    assert content_of(response) == CONTENT
    assert content_of(get(signed_in, archive)) == CONTENT  # and not again for a while


def test_a_wrong_password_leads_nowhere(signed_in: Client, archive: Archive) -> None:
    make_sign_in_old(signed_in, 3601)
    form = {"next": address(archive), "password": "wrong"}
    assert "invalid-feedback" in signed_in.post("/accounts/reauthenticate/", form).content.decode()
    assert get(signed_in, archive).status_code == 302


def test_the_reauthentication_time_is_a_setting(signed_in: Client, archive: Archive, settings: LazySettings) -> None:
    make_sign_in_old(signed_in, 100)
    assert get(signed_in, archive).status_code == 200
    settings.ACCOUNT_REAUTHENTICATION_TIMEOUT = 60
    assert get(signed_in, archive).status_code == 302


def test_a_session_without_a_password_is_asked_for_one(susan: User, client: Client, archive: Archive) -> None:
    client.force_login(susan)
    assert get(client, archive)["Location"].startswith("/accounts/reauthenticate/")


# --- What is served -------------------------------------------------------------------------------------


def test_an_export_downloads_as_the_file_that_it_made(signed_in: Client, exported: Archive) -> None:
    content = content_of(get(signed_in, exported))
    assert hashlib.sha256(content).hexdigest() == exported.sha256
    assert content.startswith(b'{"posts":')


def test_the_download_has_its_name_type_length_and_hash(signed_in: Client, archive: Archive) -> None:
    response = get(signed_in, archive)
    digest = b64encode(hashlib.sha256(CONTENT).digest()).decode()
    assert content_of(response) == CONTENT
    assert response["Content-Disposition"] == 'attachment; filename="posts.json"'
    assert response["Content-Type"] == "application/json"
    assert response["Content-Length"] == str(len(CONTENT))
    assert response["Repr-Digest"] == f"sha-256=:{digest}:"
    assert response["ETag"] == f'"{archive.sha256}"'
    assert response["Accept-Ranges"] == "bytes"
    assert "private" in response["Cache-Control"]


def test_head_says_the_same_without_the_file(signed_in: Client, archive: Archive) -> None:
    whole, head = get(signed_in, archive), signed_in.head(address(archive), headers={"Range": "bytes=0-1"})
    assert (head.status_code, head.content) == (200, b"")
    assert without_id(head) == without_id(whole)
    whole.close()


def without_id(response: Any) -> dict[str, str]:
    """Return the headers but for the one that no two requests share."""
    return {name: value for name, value in response.items() if name != "X-Request-ID"}


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("bytes=0-0", range(1)),
        ("bytes=100-199", range(100, 200)),
        ("bytes=10000-", range(10_000, len(CONTENT))),
        ("bytes=10000-99999999999999999999", range(10_000, len(CONTENT))),
        ("bytes=-500", range(len(CONTENT) - 500, len(CONTENT))),
        ("bytes=-99999999", range(len(CONTENT))),
        ("BYTES=0-", range(len(CONTENT))),
    ],
)
def test_a_part_is_served_with_its_place(signed_in: Client, archive: Archive, asked: str, expected: range) -> None:
    response = get(signed_in, archive, range=asked)
    assert response.status_code == 206
    assert content_of(response) == CONTENT[expected.start : expected.stop]
    assert response["Content-Range"] == f"bytes {expected.start}-{expected.stop - 1}/{len(CONTENT)}"
    assert response["Content-Length"] == str(len(expected))
    assert response["ETag"] == f'"{archive.sha256}"'
    assert response["Content-Disposition"] == 'attachment; filename="posts.json"'


@pytest.mark.parametrize("asked", [f"bytes={len(CONTENT)}-", "bytes=99999999-99999999", "bytes=-0"])
def test_a_part_beyond_the_end_is_refused_with_the_length(signed_in: Client, archive: Archive, asked: str) -> None:
    response = get(signed_in, archive, range=asked)
    assert (response.status_code, response["Content-Range"]) == (416, f"bytes */{len(CONTENT)}")
    assert downloads(archive) == 0


@pytest.mark.parametrize(
    "asked",
    ["bytes=0-1,5-6", "bytes=5-4", "bytes=-", "lines=0-1", "0-1", "bytes=a-b", "bytes=٣-", f"bytes={'9' * 5000}-", ""],
)
def test_several_parts_and_nonsense_get_the_whole_file(signed_in: Client, archive: Archive, asked: str) -> None:
    response = get(signed_in, archive, range=asked)
    assert response.status_code == 200
    assert content_of(response) == CONTENT


def test_an_interrupted_download_continues_where_it_stopped_and_counts_once(
    signed_in: Client, archive: Archive
) -> None:
    whole = get(signed_in, archive)
    begun = b"".join(chunk for chunk, _ in zip(whole.streaming_content, range(2), strict=False))
    whole.close()
    rest = get(signed_in, archive, range=f"bytes={len(begun)}-", if_range=whole["ETag"])
    assert rest.status_code == 206
    assert begun + content_of(rest) == CONTENT
    assert downloads(archive) == 1


@pytest.mark.parametrize("other", ['"another"', 'W/"{sha256}"', "Mon, 23 Nov 2026 10:00:00 GMT"])
def test_a_part_of_another_file_is_the_whole_of_this_one(signed_in: Client, archive: Archive, other: str) -> None:
    response = get(signed_in, archive, range="bytes=5-", if_range=other.format(sha256=archive.sha256))
    assert response.status_code == 200
    assert content_of(response) == CONTENT


def test_a_client_with_the_current_file_gets_304(signed_in: Client, archive: Archive) -> None:
    response = get(signed_in, archive, if_none_match=f'"{archive.sha256}"')
    assert (response.status_code, response.content, response["ETag"]) == (304, b"", f'"{archive.sha256}"')
    assert downloads(archive) == 0


def test_a_request_for_another_version_gets_no_file(signed_in: Client, archive: Archive) -> None:
    assert get(signed_in, archive, if_match='"another"').status_code == 412
    assert downloads(archive) == 0


@given(first=st.integers(0, 60), last=st.integers(0, 60), size=st.integers(1, 50))
def test_ranges_are_what_slices_are(first: int, last: int, size: int) -> None:
    content = bytes(range(size))
    for header, expected in (
        (f"bytes={first}-", content[first:]),
        (f"bytes={first}-{last}", content[first : last + 1] if first <= last else content),
        (f"bytes=-{last}", content[-last:] if last else b""),
    ):
        try:
            positions = parse_range(header, size)
        except UnsatisfiableRangeError:
            assert expected == b""
        else:
            assert expected == (content if positions is None else content[positions.start : positions.stop])
            assert expected


# --- Counting, and what is gone ------------------------------------------------------------------------


@pytest.mark.parametrize(("asked", "count"), [("", 2), ("bytes=0-", 2), ("bytes=0-9", 2), ("bytes=10-", 0)])
def test_a_download_is_counted_at_its_first_byte(signed_in: Client, archive: Archive, asked: str, count: int) -> None:
    for _ in range(2):
        get(signed_in, archive, range=asked).close()
    assert downloads(archive) == count


def test_head_is_not_counted(signed_in: Client, archive: Archive) -> None:
    signed_in.head(address(archive))
    assert downloads(archive) == 0


def test_an_expired_archive_is_not_found(signed_in: Client, archive: Archive) -> None:
    Archive.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert get(signed_in, archive).status_code == 404


@pytest.mark.parametrize("headers", [{}, {"range": "bytes=5-"}, {"if_none_match": "*"}])
def test_a_file_that_vanished_is_not_found_with_an_explanation_and_not_counted(
    signed_in: Client, archive: Archive, headers: dict[str, str]
) -> None:
    archive.file.storage.delete(str(archive.file.name))
    response = get(signed_in, archive, **headers)
    assert response.status_code == 404
    assert "file is no longer available. Please request a new export." in response.content.decode()
    assert downloads(archive) == 0


@pytest.mark.parametrize("asked", ["", "bytes=1-"])
def test_a_large_file_is_served_in_constant_memory(signed_in: Client, susan: User, asked: str) -> None:
    archive = archive_of(susan, bytes(20_000_000))
    get(signed_in, archive).close()
    tracemalloc.start()
    try:
        response = get(signed_in, archive, range=asked)
        assert sum(map(len, response.streaming_content)) == archive.size - bool(asked)
        response.close()
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


# --- Deleted meanwhile ----------------------------------------------------------------------------------


@pytest.mark.parametrize("is_wanted", [True, False], ids=["lost", "deleted by its owner"])
@pytest.mark.parametrize("headers", [{}, {"Range": "bytes=5-"}])
def test_a_file_that_is_deleted_as_the_download_begins_is_not_found(
    signed_in: Client, archive: Archive, monkeypatch: pytest.MonkeyPatch, headers: dict[str, str], is_wanted: bool
) -> None:
    def exists_for_the_last_time(found: Archive) -> bool:
        found.file.storage.delete(str(found.file.name))
        if not is_wanted:
            archive_discard(Archive.objects.get(pk=found.pk), Removal.DELETED)
        return True

    monkeypatch.setattr(serving, "file_exists", exists_for_the_last_time)
    assert get(signed_in, archive, **headers).status_code == 404
    assert Archive.objects.get(pk=archive.pk).removal == (Removal.LOST if is_wanted else Removal.DELETED)
