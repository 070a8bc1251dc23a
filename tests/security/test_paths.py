"""Only its owner can reach an export, its actions and the poll: signed in, with the right method, while it exists."""

from datetime import timedelta
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from exports.models import Archive
from tasks.models import Task
from tasks.services.payloads import task_publish
from tests.exports.archives import archive_of
from tests.members import make_member, signed_in_client

ACTIONS = ["cancel", "retry", "delete", "mail"]
EVERYTHING = ["download", *ACTIONS]
CONTENT = b'{"posts": []}'


@pytest.fixture
def archive(member: User) -> Archive:
    archive = archive_of(member, CONTENT)
    task_publish(archive.task)
    return archive


def visit(client: Client, action: str, pk: object, *, method: str = "") -> Any:
    return client.generic(method or ("GET" if action == "download" else "POST"), f"/exports/{pk}/{action}/")


def rows() -> list[Any]:
    """Return all that is known of the exports, to see whether anything changed."""
    return [*Task.objects.order_by("pk").values(), *Archive.objects.order_by("pk").values()]


@pytest.mark.parametrize("action", EVERYTHING)
@pytest.mark.parametrize("who", ["a stranger", "a superuser"])
def test_another_members_rows_are_404_and_unchanged(archive: Archive, action: str, who: str) -> None:
    is_staff = who == "a superuser"
    before = rows()
    client = signed_in_client(make_member(is_staff=is_staff, is_superuser=is_staff))
    assert visit(client, action, archive.task_id).status_code == 404
    assert rows() == before


@pytest.mark.parametrize("action", EVERYTHING)
def test_anonymous_visitors_are_sent_to_sign_in_and_change_nothing(archive: Archive, action: str) -> None:
    before = rows()
    response = visit(Client(), action, archive.task_id)
    address = quote(f"/exports/{archive.task_id}/{action}/")
    assert (response.status_code, response["Location"]) == (302, f"/accounts/login/?next={address}")
    assert rows() == before


@pytest.mark.parametrize("action", EVERYTHING)
def test_a_download_link_stops_working_after_sign_out(member: User, archive: Archive, action: str) -> None:
    client = signed_in_client(member)
    cookies = client.cookies.copy()
    assert visit(client, "download", archive.task_id).status_code == 200
    before = rows()
    client.post("/accounts/logout/")
    replayed = Client()
    replayed.cookies.update(cookies)
    assert visit(replayed, action, archive.task_id)["Location"].startswith("/accounts/login/")
    assert rows() == before


@pytest.mark.parametrize("action", EVERYTHING)
def test_a_member_whose_account_is_closed_reaches_nothing(member: User, archive: Archive, action: str) -> None:
    client = signed_in_client(member)
    User.objects.filter(pk=member.pk).update(is_active=False)
    assert visit(client, action, archive.task_id)["Location"].startswith("/accounts/login/")
    assert client.get("/notifications/").status_code == 403


@pytest.mark.parametrize("action", EVERYTHING)
def test_guessing_urls_finds_nothing(member: User, archive: Archive, action: str) -> None:
    client = signed_in_client(member)
    almost = f"{archive.task_id.int ^ 1:032x}"
    for guess in (uuid4(), almost, archive.pk, "00000000-0000-0000-0000-000000000000", f"{archive.task_id}0", ".."):
        assert visit(client, action, guess).status_code == 404


@pytest.mark.parametrize("gone", ["expired", "deleted", "lost"])
def test_a_link_to_a_missing_file_is_404(member: User, archive: Archive, gone: str) -> None:
    client = signed_in_client(member)
    if gone == "expired":
        Archive.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    elif gone == "deleted":
        visit(client, "delete", archive.task_id)
    else:
        archive.file.storage.delete(str(archive.file.name))
    response = visit(client, "download", archive.task_id)
    assert response.status_code == 404
    assert CONTENT not in response.content


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_only_post_changes_anything(member: User, archive: Archive, action: str, method: str) -> None:
    before = rows()
    response = visit(signed_in_client(member), action, archive.task_id, method=method)
    assert (response.status_code, response["Allow"]) == (405, "POST")
    assert rows() == before


@pytest.mark.parametrize("action", ["", *ACTIONS])
@pytest.mark.parametrize("token", ["", "x" * 64])
def test_a_cross_site_form_changes_nothing(member: User, archive: Archive, action: str, token: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.cookies.update(signed_in_client(member).cookies)
    before = rows()
    address = f"/exports/{archive.task_id}/{action}/" if action else "/exports/"
    response = client.post(address, {"csrfmiddlewaretoken": token})
    assert response.status_code == 403
    assert "The form has expired" in response.content.decode()
    assert rows() == before


def test_the_poll_returns_only_the_members_own_notifications(archive: Archive, member: User) -> None:
    told = str(archive.task_id)
    assert told in signed_in_client(member).get("/notifications/").content.decode()
    other = signed_in_client(make_member())
    for query in ("", f"?user={member.pk}", f"?user_id={member.pk}&username={member.username}", f"?task_id={told}"):
        assert other.get(f"/notifications/{query}").json() == []
        assert Client().get(f"/notifications/{query}").status_code == 403


def test_other_sites_cannot_read_the_poll_or_the_file(archive: Archive, member: User) -> None:
    client = signed_in_client(member)
    for address in ("/notifications/", f"/exports/{archive.task_id}/download/"):
        response = client.get(address, headers={"Origin": "https://evil.example"})
        assert not [name for name in response.headers if name.startswith("Access-Control-")]
        assert "no-store" in response["Cache-Control"]


def test_the_file_is_downloaded_and_never_rendered(member: User) -> None:
    archive = archive_of(member, b"<script>alert(1)</script>", content_type="text/html", filename="page.html")
    response = visit(signed_in_client(member), "download", archive.task_id)
    assert response["Content-Disposition"].startswith("attachment;")
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert response["Cross-Origin-Resource-Policy"] == "same-origin"


@pytest.mark.parametrize("filename", ['a"; filename="b.exe', "a\r\nX-Evil: 1", "../../etc/passwd", "ä\u202egnp.exe"])
def test_a_file_name_cannot_break_out_of_its_header(member: User, filename: str) -> None:
    archive = archive_of(member, CONTENT)
    Archive.objects.filter(pk=archive.pk).update(filename=filename)
    response = visit(signed_in_client(member), "download", archive.task_id)
    assert "X-Evil" not in response.headers
    assert "\n" not in response["Content-Disposition"]
    assert 'filename="b.exe' not in response["Content-Disposition"].replace('\\"', "'")
