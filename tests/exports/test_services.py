"""Start an export of what was chosen."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from accounts.member_data import MEMBER_DATA, Part
from accounts.models import Follow, User
from exports.choice import EVERYTHING, ArchiveChoice, ChoiceError
from exports.models import Archive
from exports.services import export_start
from exports.verification import verify_archive
from inbox.models import Message
from posts.models import Post
from tasks.models import Task
from tasks.registry import task_is_known
from tasks.services.launch import TaskAlreadyActiveError, task_retry
from tests.exports.zip_files import files_in
from tests.members import FIRST

Work = Callable[[], None]
POSTS_FILES = {"posts.json", "posts.csv", "outbox.json", "actor.json", "likes.json", "bookmarks.json"}


@pytest.fixture
def full(susan: User, john: User) -> User:
    """Susan, who has something of everything: posts of three days among it."""
    for day, post in enumerate(susan.posts.order_by("pk")):
        Post.objects.filter(pk=post.pk).update(timestamp=FIRST + timedelta(days=day))
    Follow.objects.create(follower=susan, followed=john)
    Follow.objects.create(follower=john, followed=susan)
    Message.objects.create(sender=john, recipient=susan, body="for your eyes only")
    return susan


@pytest.fixture
def exported(work: Work, full: User) -> Callable[..., Archive]:
    """Return a function that makes an archive of what is chosen, and verifies it."""

    def export(choice: ArchiveChoice = EVERYTHING, kind: str = "archive") -> Archive:
        task = export_start(user=full, kind=kind, choice=choice, actor=full)
        work()
        archive = Archive.objects.get(task=task)
        if kind == "archive":
            verify_archive(Path(archive.file.path))
        return archive

    return export


def contents(archive: Archive) -> dict[str, bytes]:
    with archive.file.open("rb") as file:
        return files_in(file.read())


def bodies(archive: Archive) -> list[str]:
    return [post["body"] for post in json.loads(contents(archive)["posts.json"])["posts"]]


def manifest(archive: Archive) -> Any:
    return json.loads(contents(archive)["manifest.json"])


@pytest.mark.parametrize("left_out", Part)
def test_a_part_that_is_left_out_leaves_no_trace(exported: Callable[..., Archive], left_out: Part) -> None:
    chosen = frozenset(Part) - {left_out}
    archive = exported(ArchiveChoice(chosen))
    files = contents(archive)
    assert manifest(archive)["choice"] == {
        "parts": [part for part in Part if part in chosen],
        "since": None,
        "until": None,
    }
    traces = {
        Part.POSTS: POSTS_FILES | {"pages/1.html"},
        Part.PEOPLE: {"follows.json", "followers.json", "people/following-1.html", "people/followers-1.html"},
        Part.MESSAGES: {"messages.json", "messages/1-1.html"},
        Part.ACCOUNT: {data.file() for data in MEMBER_DATA if data.part is Part.ACCOUNT},
    }
    for part, names in traces.items():
        assert names & files.keys() == (set() if part is left_out else names)
    assert [name for name in files if left_out is Part.MESSAGES and b"for your eyes only" in files[name]] == []
    readme, index = files["README.txt"].decode(), files["index.html"].decode()
    assert not [name for name in traces[left_out] if name in readme or f'"{name}"' in index]


def test_everything_is_the_default_and_the_manifest_says_so(exported: Callable[..., Archive]) -> None:
    archive = exported()
    assert archive.task.params == {}
    assert manifest(archive)["choice"] == {"parts": [*Part], "since": None, "until": None}


@pytest.mark.parametrize("kind", ["archive", "posts"])
@pytest.mark.parametrize(
    ("since", "until", "expected"), [(1, None, [1, 2]), (None, 1, [0]), (1, 2, [1]), (2.5, None, [])]
)
def test_dates_choose_posts(
    exported: Callable[..., Archive], kind: str, since: float | None, until: float | None, expected: list[int]
) -> None:
    bounds = [day if day is None else FIRST + timedelta(days=day) for day in (since, until)]
    choice = ArchiveChoice(since=bounds[0], until=bounds[1])
    archive = exported(choice, kind)
    texts = [f"susan {number}" for number in expected]
    if kind == "posts":
        assert [post["body"] for post in json.load(archive.file.open())["posts"]] == texts
    else:
        assert bodies(archive) == texts
        assert b"for your eyes only" in contents(archive)["messages.json"], "dates are for posts"
    assert archive.item_counts["posts"] == len(expected)
    assert archive.task.done == archive.task.total


def test_the_manifest_says_the_dates_in_utc(exported: Callable[..., Archive]) -> None:
    since = datetime.fromisoformat("2026-01-02T00:00:00+01:00")
    archive = exported(ArchiveChoice(since=since))
    assert manifest(archive)["choice"]["since"] == "2026-01-01T23:00:00Z"


def test_a_retry_has_the_same_choice(full: User) -> None:
    choice = ArchiveChoice(frozenset({Part.POSTS}), since=datetime(2026, 1, 1, tzinfo=UTC))
    task = export_start(user=full, kind="archive", choice=choice, actor=full)
    Task.objects.filter(pk=task.pk).update(status="failed")
    again = task_retry(Task.objects.get(pk=task.pk), actor=full)
    assert ArchiveChoice.from_params(again.params) == choice


def test_a_kind_that_does_not_exist_is_refused_by_name(susan: User) -> None:
    with pytest.raises(ChoiceError, match=r"'photos' isn't a type of export\. Choose one of: archive, posts\."):
        export_start(user=susan, kind="photos")
    assert not Task.objects.exists()


def test_posts_json_has_no_parts(susan: User) -> None:
    with pytest.raises(ChoiceError, match="no parts"):
        export_start(user=susan, kind="posts", choice=ArchiveChoice(frozenset({Part.MESSAGES})))
    assert not Task.objects.exists()


def test_a_second_start_is_refused_whatever_it_chooses(susan: User) -> None:
    export_start(user=susan, kind="archive")
    with pytest.raises(TaskAlreadyActiveError):
        export_start(user=susan, kind="archive", choice=ArchiveChoice(frozenset({Part.POSTS})))


@pytest.mark.parametrize("params", [{"parts": ["photos"]}, {"parts": 7}, {"since": "soon"}])
@pytest.mark.parametrize("name", ["export_archive", "export_posts"])
def test_a_row_with_an_unknown_choice_is_not_run(susan: User, params: dict[str, Any], name: str) -> None:
    assert not task_is_known(Task(user=susan, name=name, params=params))
