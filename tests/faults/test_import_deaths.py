"""Kill -9 in the midst of reading an archive, of its import and of the undo: each post is there once, then none."""

import json
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from subprocess import Popen
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from django.db.models import QuerySet
from django.test import Client

from accounts.models import User
from imports.models import Import, Stage
from posts.models import Post, PostOrigin
from tasks.models import Task, TaskStatus
from tests.faults.conftest import PATIENT
from tests.faults.horses import horse_of, is_gone, kill, runs
from tests.faults.pages import wait_for_end
from tests.members import FIRST, signed_in_client, write_posts_for
from tests.waiting import wait_until

Worker = Popen[bytes]
StartWorker = Callable[..., Worker]
MANY = 12_000
"""Posts: twelve transactions of the import, twenty-four of the undo."""
BOOSTS = MANY // 10
"""Entries among them that are left out, which no origin protects from being counted twice."""
ADA = "https://m.example/users/ada"


def mastodon_archive() -> BytesIO:
    """Return a ZIP of MANY posts, three to a moment, years before the first post of the site, and BOOSTS."""
    public = {"to": ["https://www.w3.org/ns/activitystreams#Public"], "cc": [f"{ADA}/followers"]}
    items = []
    for number in range(MANY):
        at = (FIRST - timedelta(days=2000, minutes=-(number // 3))).isoformat()
        address = f"{ADA}/statuses/{number}"
        note = {"id": address, "type": "Note", "published": at, "content": f"<p>post {number}</p>", **public}
        items.append({"id": f"{address}/activity", "type": "Create", "actor": ADA, "object": note, **public})
        if number % (MANY // BOOSTS) == 0:
            items.append({"type": "Announce", "published": at, "object": f"https://o.example/{number}", **public})
    outbox = {"@context": [], "type": "OrderedCollection", "totalItems": len(items), "orderedItems": items}
    file = BytesIO()
    with ZipFile(file, "w", ZIP_DEFLATED) as packed:
        packed.writestr("outbox.json", json.dumps(outbox))
    file.seek(0)
    file.name = "archive.zip"
    return file


@pytest.fixture
def client(susan: User) -> Client:
    write_posts_for(susan, 3)
    return signed_in_client(susan)


def press(client: Client, address: str, **form: object) -> Task:
    """Send a form, and return the task that it starts."""
    before = set(Task.objects.values_list("pk", flat=True))
    client.post(address, form)
    return Task.objects.exclude(pk__in=before).get()


def begin_import(client: Client) -> tuple[Import, Task]:
    """Upload the archive, wait for its preview, and confirm it; return the import and its task."""
    read = wait_for_end(press(client, "/imports/", file=mastodon_archive()))
    assert read.status == TaskStatus.SUCCEEDED, read.error
    upload = Import.objects.get()
    return upload, press(client, f"/imports/{upload.pk}/confirm/")


def brought() -> QuerySet[Post]:
    return Post.objects.filter(origin__isnull=False)


def own_posts() -> list[tuple[object, ...]]:
    return list(Post.objects.filter(origin__isnull=True).order_by("pk").values_list())


def kill_while(client_is_at: Callable[[], bool], worker: Worker, *, worker_lives: bool) -> None:
    """Kill the work-horse once the work is at a place, with its worker or without; see that it was not at its end."""
    wait_until(client_is_at, interval=0.005, what="The middle of the work")
    horse = horse_of(worker)
    kill(*([horse] if worker_lives else [worker.pid, horse]))
    wait_until(lambda: is_gone(horse), interval=0.005)


def assert_succeeded_at_second_attempt(task: Task) -> None:
    wait_for_end(task)
    assert (task.status, task.error) == (TaskStatus.SUCCEEDED, "")
    assert (task.attempt, task.failures, task.progress) == (2, 1, 100)


def assert_all_is_here(upload: Import, own: list[tuple[object, ...]]) -> None:
    """Each post is here once, with its own origin, in the archive's order; the member's own are as they were."""
    bodies = brought().order_by("timestamp", "pk").values_list("body", flat=True)
    assert list(bodies) == [f"post {number}" for number in range(MANY)]
    assert PostOrigin.objects.values("source_id").distinct().count() == PostOrigin.objects.count() == MANY
    assert own_posts() == own
    upload.refresh_from_db()
    assert (upload.stage, upload.report["imported"], upload.report["known"]) == (Stage.DONE, MANY, 0)
    assert upload.report["left_out"] == {"boost": BOOSTS}
    assert upload.left_out.values("url").distinct().count() == upload.left_out.count() == BOOSTS
    # The file goes after the task's success, which the test has waited for.
    wait_until(lambda: not Import.objects.get(pk=upload.pk).file, what="The end of the file")


@pytest.mark.parametrize("worker_lives", [True, False])
def test_a_crash_while_reading(client: Client, start_worker: StartWorker, worker_lives: bool) -> None:
    worker = start_worker(**PATIENT)
    task = press(client, "/imports/", file=mastodon_archive())
    kill_while(Task.objects.filter(done__gt=0).exists, worker, worker_lives=worker_lives)
    assert Import.objects.get().stage == Stage.READING
    if not worker_lives:
        start_worker(**PATIENT)
    assert_succeeded_at_second_attempt(task)
    upload = Import.objects.get()
    assert (upload.stage, upload.preview["total"], upload.preview["new"]) == (Stage.PREVIEW, MANY + BOOSTS, MANY)
    assert upload.preview["left_out"] == {"boost": BOOSTS}
    assert upload.file
    assert not brought().exists()


@pytest.mark.parametrize("worker_lives", [True, False])
def test_a_crash_while_importing(client: Client, start_worker: StartWorker, worker_lives: bool) -> None:
    worker, own = start_worker(**PATIENT), own_posts()
    upload, task = begin_import(client)
    runs(task)
    kill_while(brought().exists, worker, worker_lives=worker_lives)
    assert 0 < PostOrigin.objects.count() < MANY
    if not worker_lives:
        start_worker(**PATIENT)
    assert_succeeded_at_second_attempt(task)
    assert_all_is_here(upload, own)
    assert f"{MANY:,} posts imported" in client.get(f"/imports/{upload.pk}/").content.decode()


@pytest.mark.parametrize("worker_lives", [True, False])
def test_a_crash_while_undoing(client: Client, start_worker: StartWorker, worker_lives: bool) -> None:
    worker, own = start_worker(**PATIENT), own_posts()
    upload, task = begin_import(client)
    wait_for_end(task)
    assert_all_is_here(upload, own)
    undo = press(client, f"/imports/{upload.pk}/undo/")
    runs(undo)
    kill_while(lambda: brought().count() < MANY, worker, worker_lives=worker_lives)
    assert 0 < brought().count() < MANY
    if not worker_lives:
        start_worker(**PATIENT)
    assert_succeeded_at_second_attempt(undo)
    assert list(Post.objects.order_by("pk").values_list()) == own
    assert not PostOrigin.objects.exists()
    upload.refresh_from_db()
    assert upload.stage == Stage.UNDONE
