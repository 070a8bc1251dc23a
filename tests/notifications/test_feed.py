"""A member's feed: what it says, and that its secret address alone opens it."""

import logging
import re
from collections.abc import Callable
from datetime import timedelta
from xml.etree import ElementTree

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from accounts.fields import key_digest
from accounts.models import User
from exports.models import Schedule
from exports.models.schedule import ScheduleStatus
from imports.models import Import
from notifications.models import Feed
from notifications.services import feed_create
from operations.scrubbing import scrub
from tasks.models import Task
from tests.exports.archives import archive_of
from tests.members import make_member, signed_in_client

pytestmark = pytest.mark.django_db

ATOM = "{http://www.w3.org/2005/Atom}"
Read = Callable[[User], list[ElementTree.Element]]


@pytest.fixture
def read(client: Client) -> Read:
    """Return a function that returns the entries of a member's feed, as a feed reader gets them."""

    def fetch(user: User) -> list[ElementTree.Element]:
        response = client.get(f"/notifications/feed/{feed_create(user=user)}/")
        assert response["Content-Type"] == "application/atom+xml; charset=utf-8"
        return ElementTree.fromstring(response.content).findall(f"{ATOM}entry")

    return fetch


def text(entry: ElementTree.Element, name: str) -> str:
    return entry.findtext(f"{ATOM}{name}") or ""


def link(entry: ElementTree.Element) -> str:
    found = entry.find(f"{ATOM}link")
    assert found is not None
    return found.attrib["href"]


def task_of(user: User, name: str, status: str, **fields: object) -> Task:
    return Task.objects.create(user=user, name=name, status=status, ended_at=timezone.now(), **fields)


def test_a_new_feed_says_that_it_works(member: User, read: Read) -> None:
    assert [text(entry, "title") for entry in read(member)] == ["Your feed is active"]


def test_it_has_exports_that_are_ready_or_failed(member: User, read: Read) -> None:
    task_of(member, "export_archive", "succeeded")
    task_of(member, "export_posts", "failed", error_code="no_space")
    task_of(member, "export_posts", "cancelled")
    failed, ready = read(member)[1:]  # the feed was made last
    assert text(ready, "title").startswith("Your export is ready: ")
    assert text(failed, "title") == "Export failed: Posts only (JSON)"
    assert "enough disk space" in text(failed, "summary")
    assert {link(ready), link(failed)} == {"http://localhost:8000/exports/"}


def test_it_has_imports_that_are_done(member: User, read: Read) -> None:
    upload = Import.objects.create(user=member, filename="a.zip", size=1)
    task_of(member, "import_posts", "succeeded", params={"import": str(upload.pk)})
    entry = read(member)[1]
    assert (text(entry, "title"), link(entry)) == (
        "Your import is done",
        f"http://localhost:8000/imports/{upload.pk}/",
    )


def test_it_warns_before_a_file_expires(member: User, read: Read) -> None:
    archive_of(member, b"{}", expires_at=timezone.now() + timedelta(hours=47))
    archive_of(member, b"{}", expires_at=timezone.now() + timedelta(hours=49))
    assert sum("expires soon: posts.json" in text(entry, "title") for entry in read(member)) == 1


def test_it_says_that_a_schedule_is_paused(member: User, read: Read) -> None:
    today = timezone.now()
    Schedule.objects.create(
        user=member,
        frequency="weekly",
        day=0,
        hour=3,
        keep=1,
        parts=["posts"],
        status=ScheduleStatus.PAUSED,
        last_date=today.date(),
    )
    [paused] = [entry for entry in read(member) if text(entry, "title") == "Your scheduled exports are paused"]
    assert link(paused) == "http://localhost:8000/exports/#schedule"


def test_it_has_nothing_of_other_members_and_no_files(member: User, stranger: User, client: Client) -> None:
    archive = archive_of(stranger, b"{}")
    mine = archive_of(member, b"{}")
    content = client.get(f"/notifications/feed/{feed_create(user=member)}/").content.decode()
    assert str(mine.task_id) in content
    assert str(archive.task_id) not in content
    assert "/download/" not in content
    assert str(mine.file.name) not in content


def test_its_entries_keep_their_ids(member: User, read: Read) -> None:
    task_of(member, "export_archive", "succeeded")
    ids = [[text(entry, "id") for entry in read(member)] for _ in range(2)]
    assert ids[0] == ids[1]
    assert len(set(ids[0])) == 2


def test_it_is_in_its_members_language(member: User, read: Read) -> None:
    User.objects.update(language="es")
    assert text(read(member)[0], "title") == "Tu canal está activo"


def test_what_a_reader_has_already_is_not_sent_again(member: User, client: Client) -> None:
    address = f"/notifications/feed/{feed_create(user=member)}/"
    etag = client.get(address)["ETag"]
    again = client.get(address, headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")
    task_of(member, "export_archive", "succeeded")
    assert client.get(address, headers={"If-None-Match": etag}).status_code == 200


def test_it_costs_as_many_queries_whatever_it_holds(
    member: User, client: Client, django_assert_max_num_queries: Callable[..., object]
) -> None:
    for _ in range(40):
        task_of(member, "export_archive", "succeeded")
        archive_of(member, b"{}")
    address = f"/notifications/feed/{feed_create(user=member)}/"
    with django_assert_max_num_queries(6):  # type: ignore[attr-defined]
        content = client.get(address).content.decode()
    assert content.count("<entry>") == 30


def test_the_address_is_shown_once_and_stored_as_a_digest(member: User) -> None:
    client = signed_in_client(member)
    page = client.post("/notifications/feed/")
    key = Feed.objects.get().key
    assert key.startswith("#")
    address = page.content.decode().partition('value="http://localhost:8000/notifications/feed/')[2].partition("/")[0]
    assert key_digest(address) == key
    assert page["Cache-Control"] == "private, no-store"
    assert address not in client.get("/notifications/feed/").content.decode()


def test_a_new_address_ends_the_old_one(member: User, client: Client) -> None:
    old, new = feed_create(user=member), feed_create(user=member)
    assert client.get(f"/notifications/feed/{old}/").status_code == 404
    assert client.get(f"/notifications/feed/{new}/").status_code == 200


def test_a_feed_that_is_off_opens_nothing(member: User, client: Client) -> None:
    key = feed_create(user=member)
    browser = signed_in_client(member)
    for words in ("Your feed is off.", "Your feed is already off."):
        browser.post("/notifications/remove-feed/")
        assert words in browser.get("/notifications/feed/").content.decode()
    assert client.get(f"/notifications/feed/{key}/").status_code == 404


def test_nor_does_that_of_a_closed_or_erased_account(member: User, client: Client) -> None:
    key = feed_create(user=member)
    User.objects.update(is_active=False)
    assert client.get(f"/notifications/feed/{key}/").status_code == 404
    member.delete()
    assert not Feed.objects.exists()


def test_the_digest_in_the_table_opens_nothing(member: User, client: Client) -> None:
    feed_create(user=member)
    digest = Feed.objects.get().key
    for key in (digest.replace("#", "%23"), digest[1:], "x", "x" * 5000):
        assert client.get(f"/notifications/feed/{key}/").status_code == 404


def test_a_stranger_turns_off_their_own_feed_alone(member: User, stranger: User) -> None:
    feed_create(user=member)
    signed_in_client(stranger).post("/notifications/remove-feed/")
    assert Feed.objects.get().user == member


def test_making_an_address_needs_the_password(member: User, client: Client) -> None:
    client.force_login(member)
    assert "/accounts/reauthenticate/" in client.post("/notifications/feed/")["Location"]
    assert not Feed.objects.exists()


def test_the_member_is_told_by_email(
    member: User, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        signed_in_client(member).post("/notifications/feed/")
    [message] = mail.outbox
    assert (message.to, "/notifications/feed/" in str(message.body)) == ([member.email], True)
    assert not re.search(r"/feed/[\w-]{43}", str(message.body))


def test_a_new_password_ends_the_address(member: User, stranger: User, client: Client) -> None:
    key, other = feed_create(user=member), feed_create(user=stranger)
    member.set_password("another long password 27")
    member.save()
    assert [client.get(f"/notifications/feed/{secret}/").status_code for secret in (key, other)] == [404, 200]


def test_forms_of_other_sites_and_visitors_make_and_remove_none(member: User, client: Client) -> None:
    feed_create(user=member)
    other = Client(enforce_csrf_checks=True)
    other.force_login(member)
    for address in ("/notifications/feed/", "/notifications/remove-feed/"):
        assert other.post(address).status_code == 403
        assert client.post(address)["Location"].startswith("/accounts/login/")
    assert other.get("/notifications/remove-feed/").status_code == 405
    key = feed_create(user=make_member())
    assert client.post(f"/notifications/feed/{key}/").status_code == 405
    assert Feed.objects.count() == 2


def test_the_key_is_in_no_log(member: User, client: Client, settings: object, caplog: pytest.LogCaptureFixture) -> None:
    settings.ACCESS_LOG = True  # type: ignore[attr-defined]
    key = feed_create(user=member)
    with caplog.at_level(logging.DEBUG):
        client.get(f"/notifications/feed/{key}/")
        client.get(f"/notifications/feed/{key}")
        feed_create(user=member)
        client.get(f"/notifications/feed/{key}/")
    assert "/notifications/feed/" in caplog.text
    assert key not in caplog.text


@pytest.mark.parametrize(
    "address",
    [
        "/notifications/feed/{}/",
        "http://a.example/notifications/feed/{}",
        "%2Fnotifications%2Ffeed%2F{}",
        "%252Fnotifications%252Ffeed%252F{}",
        "/notifications//feed/{}/",
    ],
)
def test_the_key_is_masked_in_other_texts(address: str) -> None:
    assert "secret-key_1" not in scrub(f"Not Found: {address.format('secret-key_1')}")


def test_without_a_feed_the_page_offers_one(member: User) -> None:
    assert "Your feed is off." in signed_in_client(member).get("/notifications/feed/").content.decode()
