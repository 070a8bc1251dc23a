"""The complete archive, made by a worker from the queue: what is in it, whatever the database holds or does."""

import base64
import csv
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from django.conf import LazySettings
from django.core import mail
from django.db import connection, connections
from django.utils.html import escape

from accounts.models import Follow, User
from development.embedded_server import BASE_DIR
from exports import export_job
from exports.building.snapshot import Snapshot, read_snapshot
from exports.building.space import ensure_free_space
from exports.formats.rows import BATCH_SIZE
from exports.models import Archive
from exports.verification import Verified, verify_archive
from posts.models import Post
from tasks.models import Task, TaskStatus
from tasks.services.heartbeat import Heartbeat
from tasks.services.launch import task_launch
from tests.exports.archive_texts import HtmlReader, post_texts, tags
from tests.exports.readers import READERS
from tests.exports.zip_files import content_counts, files_in
from tests.members import FIRST, make_member, signed_in_client, write_posts_for
from tests.programs import find_program

Work = Callable[[], None]

TEXTS = [
    "plain",
    "🦔 émojis 👩\u200d👩\u200d👧\u200d👦 and \u202eright to left\u202c: שלום مرحبا",
    "\"double\" 'single' “curly” `back`",
    "two\nlines\r\nand\rmore\n",
    "\u2028line\u2029paragraph\u0085next\x0b\x0c\x1c",
    r"\u0041 \n \\ \" \ud83d",
    "<b>bold</b> &amp; &lt; <!-- --> ]]> {{ x }} {% y %}",
    "a,b;c\td",
    "\ufeffmark",
    "\x01\x1b[31m",
    '},{"body":"',
    "</p></article><article id=p9>",
]
FULL_WIDTH = "\uff1d\uff0b\uff0d\uff20"
STARTS = tuple("=+-@\t\r\n" + FULL_WIDTH)
FORMULAS = [f"{start}SUM(A1)" for start in STARTS]
APOSTROPHED = ["'=1+1", "'", "''", "'plain"]


@pytest.fixture
def exported_archive(work: Work) -> Callable[..., Archive]:
    """Return a function that makes a member's complete archive."""

    def export(user: User, **params: Any) -> Archive:
        task = task_launch(user=user, name="export_archive", params=params)
        work()
        return Archive.objects.get(task=task)

    return export


Export = Callable[..., Archive]


def contents(archive: Archive) -> dict[str, bytes]:
    with archive.file.open("rb") as file:
        return files_in(file.read())


def document(archive: Archive, name: str) -> Any:
    return json.loads(contents(archive)[name])


def verified(archive: Archive) -> Verified:
    return verify_archive(Path(archive.file.path))


def bodies(archive: Archive) -> list[str]:
    return [post["body"] for post in document(archive, "posts.json")["posts"]]


def spreadsheet(archive: Archive) -> list[list[str]]:
    return list(csv.reader(StringIO(contents(archive)["posts.csv"].decode("utf-8-sig"), newline=""), strict=True))


def write(user: User, texts: Iterable[str]) -> None:
    user.posts.all().delete()
    moments = (FIRST + timedelta(minutes=minute) for minute in range(10**6))
    Post.objects.bulk_create(Post(author=user, body=text, timestamp=next(moments)) for text in texts)


# What is in it


def test_everything_of_the_member_and_of_nobody_else_is_in_it(
    susan: User, john: User, exported_archive: Export
) -> None:
    write_posts_for(john, 2)
    Follow.objects.create(follower=susan, followed=john)
    mary = make_member("mary")
    Follow.objects.create(follower=mary, followed=susan)
    Follow.objects.create(follower=mary, followed=john)
    chosen = {"language": "es", "browser_language": "en", "time_zone": "Asia/Tokyo", "theme": "dark"}
    User.objects.filter(pk=susan.pk).update(about_me="Reads.", last_seen=FIRST, date_joined=FIRST, **chosen)
    archive = exported_archive(susan)
    assert bodies(archive) == ["susan 0", "susan 1", "susan 2"]
    assert document(archive, "profile.json") == {
        "username": "susan",
        "first_name": "",
        "last_name": "",
        "email": "susan@example.com",
        "about_me": "Reads.",
        "url": "http://localhost:8000/user/susan/",
        **chosen,
        "browser_time_zone": "",
        "joined": "2026-01-01T12:00:00Z",
        "last_sign_in": None,
        "last_seen": "2026-01-01T12:00:00Z",
        "deletion_due": None,
        "is_staff": False,
        "is_superuser": False,
        "roles": [],
        "permissions": [],
    }
    [followed] = document(archive, "follows.json")["follows"]
    [follower] = document(archive, "followers.json")["followers"]
    assert (followed["username"], followed["url"]) == ("john", "http://localhost:8000/user/john/")
    assert follower["username"] == "mary"
    assert document(archive, "skipped.json") == {"skipped": []}


def test_the_counts_agree_everywhere(susan: User, john: User, exported_archive: Export) -> None:
    Follow.objects.create(follower=susan, followed=john)
    archive = exported_archive(susan)
    counts = archive.item_counts
    assert content_counts(counts) == {"posts": 3, "follows": 1, "followers": 0, "messages": 0, "skipped": 0}
    assert counts == document(archive, "manifest.json")["counts"] == verified(archive).counts
    assert (archive.posts, archive.task.done, archive.task.status) == (3, 3 + 1, TaskStatus.SUCCEEDED)
    assert "3 posts" in contents(archive)["index.html"].decode()
    page = signed_in_client(susan).get("/exports/").content.decode()
    assert "3 posts" in page
    assert "Follows: 1. Followers: 0." in page


def test_the_moment_of_the_snapshot_is_the_same_everywhere(susan: User, exported_archive: Export) -> None:
    archive = exported_archive(susan)
    told = datetime.fromisoformat(document(archive, "manifest.json")["snapshot_at"])
    assert told == archive.snapshot_at
    assert archive.task.started_at
    assert archive.task.started_at <= told <= archive.created_at


def test_a_member_without_anything_gets_a_sound_archive(john: User, exported_archive: Export) -> None:
    archive = exported_archive(john)
    assert (
        verified(archive).counts.items()
        >= {"posts": 0, "follows": 0, "followers": 0, "messages": 0, "skipped": 0}.items()
    )
    assert "There are no posts in this archive." in contents(archive)["index.html"].decode()
    assert [name for name in contents(archive) if name.startswith("pages/")] == []


def test_the_file_is_named_after_member_and_day(susan: User, exported_archive: Export) -> None:
    archive = exported_archive(susan)
    assert archive.filename == f"microblog-susan-{archive.task.created_at:%Y-%m-%d}.zip"
    assert archive.content_type == "application/zip"


def test_the_longest_name_makes_no_name_of_a_file_too_long(john: User, exported_archive: Export) -> None:
    User.objects.filter(pk=john.pk).update(username="x" * 150)
    archive = exported_archive(john)
    assert archive.filename == f"microblog-{'x' * 30}-{archive.task.created_at:%Y-%m-%d}.zip"
    assert document(archive, "profile.json")["username"] == "x" * 150


def test_other_programs_find_the_zip_sound(susan: User, exported_archive: Export) -> None:
    path = exported_archive(susan).file.path
    with ZipFile(path) as container:
        assert container.testzip() is None
    assert (
        subprocess.run(
            [find_program("unzip", package="unzip"), "-tq", path], check=False, capture_output=True
        ).returncode
        == 0
    )


def test_the_outbox_is_that_of_a_mastodon_archive(susan: User, exported_archive: Export) -> None:
    archive = exported_archive(susan)
    first = susan.posts.order_by("timestamp")[0]
    [activity, *_others] = document(archive, "outbox.json")["orderedItems"]
    address = f"http://localhost:8000/posts/{first.pk}"
    public = {"to": ["https://www.w3.org/ns/activitystreams#Public"], "cc": []}
    assert activity == {
        "id": f"{address}/activity",
        "type": "Create",
        "actor": "http://localhost:8000/user/susan",
        "published": "2026-01-01T12:00:00Z",
        **public,
        "object": {
            "id": address,
            "type": "Note",
            "summary": None,
            "inReplyTo": None,
            "published": "2026-01-01T12:00:00Z",
            "url": address,
            "attributedTo": "http://localhost:8000/user/susan",
            **public,
            "sensitive": False,
            "conversation": address,
            "content": "<p>susan 0</p>",
            "attachment": [],
            "tag": [],
        },
    }
    person = document(archive, "actor.json")
    assert (person["type"], person["id"]) == ("Person", activity["actor"])
    assert (person["preferredUsername"], person["outbox"]) == ("susan", "outbox.json")


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.__name__)
def test_other_programs_read_what_the_site_writes(
    susan: User, exported_archive: Export, reader: Callable[[dict[str, bytes]], list[str]]
) -> None:
    susan.posts.update(timestamp=FIRST + timedelta(microseconds=7))
    assert sorted(reader(contents(exported_archive(susan)))) == [f"<p>susan {number}</p>" for number in range(3)]


def test_the_addresses_in_it_lead_to_what_they_name(susan: User, exported_archive: Export) -> None:
    archive = exported_archive(susan)
    note, person = document(archive, "outbox.json")["orderedItems"][0]["object"], document(archive, "actor.json")
    addresses = [note["url"], note["attributedTo"], *(person[key] for key in ("url", "followers", "following"))]
    client = signed_in_client(susan)
    for address in addresses:
        answer = client.get(address.removeprefix("http://localhost:8000"), follow=True)
        assert answer.status_code == 200, address
    assert "susan 0" in client.get(note["url"].removeprefix("http://localhost:8000"), follow=True).content.decode()


def test_the_same_rows_of_the_same_moment_make_the_same_bytes(
    susan: User, exported_archive: Export, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def at_noon() -> Iterator[Snapshot]:
        with read_snapshot() as snapshot:
            yield replace(snapshot, at=datetime(2026, 11, 23, 12, 0, 1, tzinfo=UTC))

    monkeypatch.setattr(export_job, "read_snapshot", at_noon)
    write_posts_for(susan, 1200)
    parts = ["posts", "people", "messages"]  # the account's records list the first export in the second
    first, second = (exported_archive(susan, parts=parts).sha256 for _ in range(2))
    assert first == second


# Any text


def test_texts_survive_in_every_file(susan: User, exported_archive: Export) -> None:
    texts = TEXTS + FORMULAS + APOSTROPHED
    write(susan, texts)
    archive = exported_archive(susan)
    verified(archive)
    assert all(read == texts for read in post_texts(contents(archive)).values())
    assert [row[1] for row in spreadsheet(archive)[1:]] == [
        f"'{text}" if text.startswith((*STARTS, "'")) else text for text in texts
    ]


def notes(archive: Archive) -> list[str]:
    return [item["object"]["content"] for item in document(archive, "outbox.json")["orderedItems"]]


@pytest.mark.skipif(os.environ.get("TEST_DATABASE") == "postgresql", reason="PostgreSQL keeps no NUL")
def test_html_cannot_hold_nul_which_the_site_does_not_accept(susan: User, exported_archive: Export) -> None:
    texts = ["nul\0nul", "\0", "plain"]
    write(susan, texts)
    archive = exported_archive(susan)
    verified(archive)
    assert bodies(archive) == [row[1] for row in spreadsheet(archive)[1:]] == texts
    assert notes(archive) == [f"<p>{text}</p>" for text in ("nul�nul", "�", "plain")]


def test_a_spreadsheet_computes_nothing_and_the_apostrophe_can_be_taken_back(
    susan: User, exported_archive: Export
) -> None:
    texts = FORMULAS + APOSTROPHED + ["plain"]
    write(susan, texts)
    archive = exported_archive(susan)
    assert contents(archive)["posts.csv"].startswith(b"\xef\xbb\xbftimestamp,body")
    cells = [row[1] for row in spreadsheet(archive)[1:]]
    assert [cell for cell in cells if cell.startswith(STARTS)] == []
    assert [cell.removeprefix("'") for cell in cells] == texts


def test_texts_cannot_inject_elements_into_a_page(susan: User, exported_archive: Export) -> None:
    evil = "\"'></title></p></h1><script>alert(1)</script><img src=x onerror=alert(1)>"
    write(susan, [evil, f"<!--{evil}", f"<style>{evil}", "&#60;script&#62;alert(1)&#60;/script&#62;"])
    username = "\"'><img src=x onerror=alert(1)>{{ 7|add:7 }}"
    User.objects.filter(pk=susan.pk).update(username=username, about_me=evil)
    susan.refresh_from_db()
    archive = exported_archive(susan)
    verified(archive)
    pages = {name: HtmlReader(data.decode()) for name, data in contents(archive).items() if name.endswith(".html")}
    for name, page in pages.items():
        assert not tags(page.elements) & {"img", "iframe"}, name
        assert [tag for tag, attributes in page.elements if any(key.startswith("on") for key in attributes)] == []
        assert_its_own_script_alone_may_run(contents(archive)[name].decode(), page)
    assert evil in pages["pages/1.html"].posts
    assert escape(username) in contents(archive)["index.html"].decode()
    summary = document(archive, "actor.json")["summary"]
    assert tags(HtmlReader(summary).elements) == {"p"}


def assert_its_own_script_alone_may_run(html: str, page: HtmlReader) -> None:
    [policy] = [dict(attributes) for tag, attributes in page.elements if "http-equiv" in attributes]
    for tag in ("script", "style"):
        texts = re.findall(rf"<{tag}>(.*?)</{tag}>", html, re.DOTALL) or [""]
        [digest] = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in texts]
        assert f"{tag}-src 'sha256-{digest}';" in str(policy["content"])
    assert "default-src 'none'" in str(policy["content"])


# While others write


@contextmanager
def interrupted(monkeypatch: pytest.MonkeyPatch, change: Callable[[], None], *, when: str) -> Iterator[None]:
    """Have another connection change rows once, before the first row is read or after the first batch."""
    left = [change]

    def change_elsewhere() -> None:
        def run() -> None:
            try:
                left.pop()()
            except BaseException as error:
                failures.append(error)
            finally:
                connections.close_all()

        thread = threading.Thread(target=run)
        thread.start()
        thread.join()

    failures: list[BaseException] = []
    advance = Heartbeat.advance

    def ensure_and_change(*, records: int) -> None:
        ensure_free_space(records=records)  # just after they were counted
        if left and when == "before the rows":
            change_elsewhere()

    def advance_and_change(heartbeat: Heartbeat, done: int) -> None:
        advance(heartbeat, done)
        if left and when == "among the rows":
            change_elsewhere()

    monkeypatch.setattr(export_job, "ensure_free_space", ensure_and_change)
    monkeypatch.setattr(Heartbeat, "advance", advance_and_change)
    yield
    assert (left, failures) == ([], [])


@pytest.mark.parametrize("when", ["before the rows", "among the rows"])
@pytest.mark.parametrize("kind", ["export_archive", "export_posts"])
def test_concurrent_writes_neither_skew_nor_break_it(  # noqa: PLR0917
    susan: User, john: User, work: Work, monkeypatch: pytest.MonkeyPatch, when: str, kind: str
) -> None:
    posts = 3 * BATCH_SIZE + 1
    susan.posts.all().delete()
    write_posts_for(susan, posts)
    Follow.objects.create(follower=susan, followed=john)

    def change() -> None:
        mine = Post.objects.filter(author=susan).order_by("timestamp")
        Post.objects.filter(pk__in=list(mine.values_list("pk", flat=True)[: BATCH_SIZE + 5])).delete()
        mine.update(body="changed")
        Post.objects.create(author=susan, body="a new first one", timestamp=FIRST - timedelta(days=1))
        Post.objects.create(author=susan, body="a new last one")
        Follow.objects.all().delete()
        User.objects.filter(pk=susan.pk).update(about_me="changed")

    task = task_launch(user=susan, name=kind)
    with interrupted(monkeypatch, change, when=when):
        work()
    task.refresh_from_db()
    read = posts + 1 if kind == "export_archive" else posts
    assert (task.status, task.done, task.total) == (TaskStatus.SUCCEEDED, read, read)
    archive = Archive.objects.get(task=task)
    assert archive.posts == posts
    with archive.file.open("rb") as file:
        data = file.read()
    written = json.loads(files_in(data)["posts.json"] if kind == "export_archive" else data)["posts"]
    assert [post["body"] for post in written] == [f"susan {number}" for number in range(posts)]
    if kind == "export_archive":
        assert (
            verified(archive).counts.items()
            >= {"posts": posts, "follows": 1, "followers": 0, "messages": 0, "skipped": 0}.items()
        )


# Records that no file can hold


BATCH = BATCH_SIZE
unreadable_places = pytest.mark.parametrize(
    "places",
    [
        pytest.param([0], id="first of all"),
        pytest.param([BATCH // 2], id="within a batch"),
        pytest.param([BATCH - 1], id="last of a batch"),
        pytest.param([BATCH], id="first of the next batch"),
        pytest.param([2 * BATCH + 1], id="last of all"),
        pytest.param(range(BATCH), id="the whole first batch"),
        pytest.param(range(BATCH, 2 * BATCH), id="a whole batch between two"),
        pytest.param(range(2 * BATCH + 2), id="every one"),
    ],
)
on_sqlite = pytest.mark.skipif(
    os.environ.get("TEST_DATABASE") == "postgresql", reason="PostgreSQL keeps nothing but valid texts and times"
)
NOT_UNICODE = "The text is not valid Unicode."
NO_TIME = "The time is not a valid date and time."


def spoil(posts: Iterable[Post], assignment: str) -> None:
    with connection.cursor() as cursor:
        for post in posts:
            cursor.execute(f"UPDATE posts_post SET {assignment} WHERE id = %s", [post.pk])


@on_sqlite
@unreadable_places
@pytest.mark.parametrize("kind", ["export_archive", "export_posts"])
@pytest.mark.parametrize(
    ("assignment", "reason"),
    [("body = CAST(x'61ff62' AS TEXT)", NOT_UNICODE), ("timestamp = 'x' || substr(timestamp, 2)", NO_TIME)],
    ids=["text", "time"],
)
def test_an_unreadable_post_is_left_out_and_told_wherever_it_is(  # noqa: PLR0917
    susan: User, work: Work, places: Iterable[int], kind: str, assignment: str, reason: str
) -> None:
    susan.posts.all().delete()
    write_posts_for(susan, 2 * BATCH + 2)
    posts = list(susan.posts.order_by("timestamp"))
    spoilt = {posts[place].pk for place in places}
    expected = sorted(post.body for post in posts if post.pk not in spoilt)
    spoil((post for post in posts if post.pk in spoilt), assignment)
    task = task_launch(user=susan, name=kind)
    work()
    task.refresh_from_db()
    assert task.status == TaskStatus.SUCCEEDED, task.traceback
    archive = Archive.objects.get(task=task)
    assert (archive.posts, archive.item_counts["skipped"]) == (len(expected), len(spoilt))
    if kind == "export_posts":
        with archive.file.open("rb") as file:
            assert sorted(post["body"] for post in json.load(file)["posts"]) == expected
    else:
        assert sorted(bodies(archive)) == expected
        assert verified(archive).counts["skipped"] == len(spoilt)
        skipped = document(archive, "skipped.json")["skipped"]
        assert {record["id"] for record in skipped} == spoilt
        assert {(record["record"], record["reason"]) for record in skipped} == {("post", reason)}
        assert_links_lead_somewhere(contents(archive))


def assert_links_lead_somewhere(files: dict[str, bytes]) -> None:
    for name, data in files.items():
        if name.endswith(".html"):
            for tag, attributes in HtmlReader(data.decode()).elements:
                address = (attributes.get("href") or attributes.get("src") or "#").split("#")[0]
                if address and not address.startswith("http"):
                    target = os.path.normpath(Path(name).parent / address)
                    assert target in files, (name, tag, address)


@on_sqlite
@pytest.mark.parametrize(
    "assignment",
    [
        "body = x'ff00'",
        "body = CAST(x'eda080' AS TEXT)",
        "timestamp = CAST(x'ff' AS TEXT)",
        "timestamp = '2026-01-01' || x'ff' || '12:00:00'",
        "timestamp = x'ff'",
        "timestamp = 17",
        "timestamp = ''",
        "timestamp = '2026-01-01\"12:00:00'",
        "timestamp = '2026-01-01<12:00:00'",
        "timestamp = '20260101 120000'",
        "timestamp = '2026-01-01'",
        "timestamp = '2026-02-30 12:00:00'",
        "timestamp = '0000-01-01 12:00:00'",
        "timestamp = '2026-01-01 12:00:00+05:00'",
    ],
)
def test_the_archive_is_valid_after_manual_changes_in_the_database(
    susan: User, exported_archive: Export, assignment: str
) -> None:
    spoil([susan.posts.order_by("timestamp")[1]], assignment)
    archive = exported_archive(susan)
    assert sorted(bodies(archive)) == ["susan 0", "susan 2"]
    assert (
        verified(archive).counts.items()
        >= {"posts": 2, "follows": 0, "followers": 0, "messages": 0, "skipped": 1}.items()
    )


@pytest.mark.skipif(os.environ.get("TEST_DATABASE") != "postgresql", reason="times that only PostgreSQL has")
@pytest.mark.parametrize("moment", ["infinity", "-infinity", "20000-01-01 12:00:00+00"])
def test_a_time_beyond_the_calendar_is_left_out(susan: User, exported_archive: Export, moment: str) -> None:
    spoil([susan.posts.order_by("timestamp")[1]], f"timestamp = '{moment}'")
    archive = exported_archive(susan)
    assert sorted(bodies(archive)) == ["susan 0", "susan 2"]
    assert (
        verified(archive).counts.items()
        >= {"posts": 2, "follows": 0, "followers": 0, "messages": 0, "skipped": 1}.items()
    )


@on_sqlite
def test_the_member_is_told_of_it_in_mail_alert_and_history(susan: User, exported_archive: Export) -> None:
    spoil([susan.posts.order_by("timestamp")[1]], "body = CAST(x'ff' AS TEXT)")
    archive = exported_archive(susan)
    [message] = mail.outbox
    assert isinstance(message, mail.EmailMultiAlternatives)
    told = "1 record could not be exported. skipped.json in the archive lists them, with the reasons."
    assert told in message.body
    assert told in str(message.alternatives[0][0])
    client = signed_in_client(susan)
    [news] = [item["data"] for item in client.get("/notifications/?since=0").json() if item["name"] == "task_progress"]
    assert news["archive"]["item_counts"]["skipped"] == 1
    susan.posts.all().delete()
    page = " ".join(client.get("/exports/").content.decode().split())
    assert told in page
    index = contents(archive)["index.html"].decode()
    assert "1 record could not be exported." in index
    assert '<a href="skipped.json">' in index


# When it ends early


def test_a_failure_on_the_way_leaves_no_file(
    susan: User, work: Work, monkeypatch: pytest.MonkeyPatch, settings: LazySettings
) -> None:
    def broken(_heartbeat: Heartbeat, _done: int) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(Heartbeat, "advance", broken)
    task = task_launch(user=susan, name="export_archive")
    Task.objects.update(failures=2)
    work()
    task.refresh_from_db()
    assert task.status == TaskStatus.FAILED
    assert list((settings.VAR_DIR / "tmp").iterdir()) == []
    assert not Archive.objects.exists()


DYING = """
import os, signal, sys
import django
django.setup()
from pathlib import Path
from exports.formats.archive import write_archive
from exports.formats.zip_file import DigestingFile
from tests.exports.readers import READERS
from tests.exports.zip_files import TIME, source

def posts():
    for number in range(10**6):
        if number == 20_000:
            print(sum("(deleted)" in os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")
                      if os.path.islink(f"/proc/self/fd/{fd}")), flush=True)
            os.kill(os.getpid(), signal.SIGKILL)
        yield f"{number} {os.urandom(50).hex()}", TIME, number

folder = Path(sys.argv[1])
with (folder / "export-archive").open("wb") as file:
    write_archive(source(posts(), expected=10**6), DigestingFile(file), folder)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_worker_that_is_killed_on_the_way_leaves_none_of_the_parts(tmp_path: Path) -> None:
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "microblog_project.settings"}
    command = [sys.executable, "-c", DYING, str(tmp_path)]
    died = subprocess.run(command, cwd=BASE_DIR, env=environment, capture_output=True, text=True, check=False)
    assert died.returncode == -signal.SIGKILL, died.stderr
    assert int(died.stdout) >= 3, "the parts should have been waiting in files"
    assert [path.name for path in tmp_path.iterdir()] == ["export-archive"]  # the housekeeping knows this one


# What its README says of checking it


def test_a_member_can_check_a_file_as_the_readme_says(susan: User, exported_archive: Export, tmp_path: Path) -> None:
    files = contents(exported_archive(susan))
    readme = files["README.txt"].decode()
    assert "manage.py" not in readme
    for name, content in files.items():
        if "/" not in name:
            (tmp_path / name).write_bytes(content)
    commands = dict(re.findall(r"^    (\w+): +(.+)$", readme, re.MULTILINE))
    command = commands["Linux"]
    name = command.split()[1]
    entries = {entry["name"]: entry["sha256"] for entry in json.loads(files["manifest.json"])["files"]}
    assert printed(command, tmp_path) == entries[name]
    if shutil.which("shasum"):  # Perl brings it to Linux, too
        assert printed(commands["macOS"], tmp_path) == entries[name]
    with (tmp_path / name).open("ab") as file:
        file.write(b" ")
    assert printed(command, tmp_path) != entries[name]


def printed(command: str, folder: Path) -> str:
    """Return the first word that the command prints there."""
    ran = subprocess.run(command.split(), cwd=folder, capture_output=True, text=True, check=True)
    return ran.stdout.split()[0]
