"""Reading, importing and undoing, whatever the archive: once each, however often the worker stops or dies."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from accounts.members.follows import follow_create
from accounts.models import User
from imports.jobs import ReadImport
from imports.models import Import, LeftOut, Stage, imports_storage
from imports.reader import Found, Reader, Skipped
from imports.reasons import Reason
from imports.services import reading, writing
from imports.services.entries import kept_batches
from imports.services.preview import Preview
from imports.services.uploads import (
    FOLDER,
    import_confirm,
    import_discard,
    import_undo,
    import_upload,
    may_be_undone,
    tasks_of,
)
from notifications.models import Notification
from posts.models import Post, PostOrigin
from posts.services import post_remove, post_restore
from tasks import runner
from tasks.exceptions import ClaimLostError
from tasks.models import TaskStatus
from tasks.services.heartbeat import Heartbeat
from tasks.services.launch import TaskAlreadyActiveError, task_launch, task_retry
from tasks.services.transitions import task_cancel
from tests.imports.conftest import Upload, again, confirmed, handmade, imported, posts
from tests.interruptions import (
    die_after_each_checkpoint,
    die_before_each_checkpoint,
    interrupt_at_each_checkpoint,
    run_to_its_first_checkpoint,
)

pytestmark = pytest.mark.usefixtures("redis_queue")


def bodies(user: User) -> list[str]:
    """Return the texts of what has been imported, in the order in which a profile lists it from its end."""
    mine = Post.objects.by(user).filter(origin__isnull=False)
    return list(mine.order_by("timestamp", "pk").values_list("body", flat=True))


def undone(upload: Import) -> Import:
    task = import_undo(upload)
    assert task
    runner.run(str(task.pk))
    return again(upload)


# --- The preview ----------------------------------------------------------------------------------------


def test_the_preview_counts_what_would_be_imported_and_imports_nothing(upload: Upload, susan: User) -> None:
    many = [*posts(3), {"source_id": "r", "body": "to bob", "kind": "reply", "at": "2019-01-01T00:00:00+00:00"}]
    read = upload(handmade(*many, {"reason": "boost"}, {"reason": "private"}, {"reason": "boost"}))
    assert read.stage == Stage.PREVIEW
    assert (read.source, read.owner) == ("Handmade", "@susan@elsewhere.example")
    assert (read.preview["total"], read.preview["new"]) == (7, 4)
    assert read.preview["kinds"] == {"public": 3, "reply": 1}
    assert read.preview["years"] == {"2019": 1, "2020": 3}
    assert read.preview["left_out"] == {"boost": 2, "private": 1}
    assert (read.preview["first"]["body"], read.preview["last"]["body"]) == ("post 0", "post 2")
    assert bodies(susan) == []


def test_a_post_that_the_archive_has_twice_counts_once(upload: Upload, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "BATCH_SIZE", 2)
    read = upload(handmade(*posts(5), *posts(5)))
    assert (read.preview["new"], read.preview["kinds"], read.preview["years"]) == (5, {"public": 5}, {"2020": 5})
    assert imported(read).report["imported"] == 5


@pytest.mark.parametrize(("zone", "year"), [("", "2019"), ("Pacific/Auckland", "2020"), ("America/Lima", "2019")])
def test_years_are_those_of_the_members_time_zone(upload: Upload, susan: User, zone: str, year: str) -> None:
    User.objects.filter(pk=susan.pk).update(time_zone=zone)
    read = upload(handmade({"source_id": "a", "body": "Happy new year", "at": "2019-12-31T23:30:00+00:00"}))
    assert read.preview["years"] == {year: 1}


def test_the_preview_knows_what_is_here_already(upload: Upload, susan: User) -> None:
    imported(upload(handmade(*posts(2))))
    Post.objects.create(author=susan, body="typed here", timestamp=datetime(2020, 1, 1, tzinfo=UTC))
    typed = {"source_id": "other", "body": "typed here", "at": "2020-01-01T00:00:00+00:00"}
    preview = upload(handmade(*posts(3), typed)).preview
    assert (preview["new"], preview["known"]) == (1, 3)


@pytest.mark.parametrize(
    ("post", "reason"),
    [
        ({"body": "x" * 5001}, "too_long"),
        ({"body": "👨‍👩‍👧‍👦" * 4999}, "too_long"),
        ({"body": "a" + "\u0301" * 1401}, "unreadable"),
        ({"body": " \n"}, "no_text"),
        ({"body": "tomorrow", "at": "2150-01-01T00:00:00+00:00"}, "bad_time"),
        ({"body": "long ago", "at": "1899-01-01T00:00:00+00:00"}, "bad_time"),
    ],
)
def test_what_this_site_cannot_take_is_left_out_with_the_reason(
    upload: Upload, susan: User, post: dict[str, str], reason: str
) -> None:
    ended = imported(upload(handmade({"source_id": "1", "url": "https://x.example/1", **post}, *posts(1))))
    assert ended.report["left_out"] == {reason: 1}
    assert LeftOut.objects.get().url == "https://x.example/1"
    assert bodies(susan) == ["post 0"]


def test_a_long_post_is_kept_whole(upload: Upload, susan: User) -> None:
    text = "🇪🇸" * 5000
    imported(upload(handmade({"source_id": "1", "body": text})))
    assert bodies(susan) == [text]


@pytest.mark.parametrize(
    ("content", "code"), [(b"what is this?", "unknown"), (handmade("broken"), "damaged"), (b"", "empty")]
)
def test_a_file_that_cannot_be_read_fails_at_once_with_a_reason(upload: Upload, content: bytes, code: str) -> None:
    read = upload(content)
    task = tasks_of(read).get()
    assert (task.status, task.error_code, task.attempt) == (TaskStatus.FAILED, code, 1)
    assert task.error
    assert not read.file
    assert not imports_storage().exists(f"uploads/{read.pk}")


def test_the_reason_names_the_file_inside_and_the_place(upload: Upload) -> None:
    assert "handmade.txt: line 3" in tasks_of(upload(handmade("broken"))).get().error


# --- The import -----------------------------------------------------------------------------------------


def test_posts_are_imported_at_their_time_silently_and_with_their_origin(upload: Upload, susan: User) -> None:
    follower = User.objects.create_user("john")
    follow_create(follower=follower, followed=susan)
    at = "2019-03-04T05:06:07.123456+00:00"
    imported(upload(handmade({"source_id": "a1", "body": "hello", "at": at, "url": "https://e.example/a1"})))
    post = Post.objects.get(body="hello")
    assert post.timestamp == datetime.fromisoformat(at)
    assert (post.origin.source, post.origin.source_id, post.origin.url) == ("Handmade", "a1", "https://e.example/a1")
    assert not Notification.objects.filter(user=follower).exists()


def test_only_the_chosen_kinds_are_imported_and_the_others_are_listed(upload: Upload, susan: User) -> None:
    kinds = [{"source_id": kind, "body": kind, "kind": kind} for kind in ("public", "unlisted", "thread", "reply")]
    ended = imported(upload(handmade(*kinds)), "thread")
    assert set(bodies(susan)) == {"public", "thread"}
    assert ended.report == {
        "imported": 2, "known": 0, "left_out": {"unlisted": 1, "reply": 1}, "extras": {"followed": [], "profile": {}}
    }  # fmt: skip


def test_an_unlisted_reply_needs_both_choices(upload: Upload, susan: User) -> None:
    reply = {"source_id": "1", "body": "psst", "kind": "reply", "is_unlisted": True}
    for kinds, reason in ((["reply"], "unlisted"), (["unlisted"], "reply")):
        assert imported(upload(handmade(reply)), *kinds).report["left_out"] == {reason: 1}
    imported(upload(handmade(reply)), "reply", "unlisted")
    assert bodies(susan) == ["psst"]


def test_the_list_of_what_was_left_out_has_an_end_and_its_counts_have_none(
    upload: Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "BATCH_SIZE", 2)
    monkeypatch.setattr(writing, "MAX_LISTED", 3)
    ended = imported(upload(handmade(*({"reason": "boost"} for _ in range(7)))))
    assert (ended.report["left_out"], LeftOut.objects.count()) == ({"boost": 7}, 3)


def test_twins_of_one_archive_are_both_imported(upload: Upload, susan: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "BATCH_SIZE", 1)
    twins = [{"source_id": str(n), "body": "same", "at": "2020-05-05T12:00:00+00:00"} for n in range(2)]
    between = {"source_id": "9", "body": "between", "at": "2020-05-06T12:00:00+00:00"}
    imported(upload(handmade(twins[0], between, twins[1])))
    assert bodies(susan) == ["same", "same", "between"]


def test_nothing_of_the_preview_is_kept_when_the_import_has_ended_or_is_discarded(upload: Upload) -> None:
    assert imported(upload(handmade(*posts(1)))).preview == {}
    read = upload(handmade(*posts(2)))
    import_discard(read)
    assert again(read).preview == {}


def test_posts_of_one_moment_keep_their_order(upload: Upload, susan: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "BATCH_SIZE", 2)
    ids = [7, 6, 5, 4, 3]
    imported(upload(handmade(*({"source_id": str(n), "body": str(n), "order": n} for n in ids))))
    assert bodies(susan) == ["3", "4", "5", "6", "7"]


def test_the_same_archive_again_adds_nothing_and_a_newer_one_only_what_is_new(upload: Upload, susan: User) -> None:
    assert imported(upload(handmade(*posts(3)))).report["imported"] == 3
    again_ = imported(upload(handmade(*posts(3))))
    assert (again_.report["imported"], again_.report["known"]) == (0, 3)
    newer = imported(upload(handmade(*posts(5))))
    assert (newer.report["imported"], newer.report["known"]) == (2, 3)
    assert len(bodies(susan)) == 5


def test_an_entry_that_is_twice_in_an_archive_is_imported_once(upload: Upload, susan: User) -> None:
    imported(upload(handmade(*posts(2), *posts(2))))
    assert bodies(susan) == ["post 0", "post 1"]


def test_what_the_member_deleted_here_stays_deleted(upload: Upload, susan: User) -> None:
    imported(upload(handmade(*posts(2))))
    gone = Post.objects.get(body="post 0")
    post_remove(author=susan, post_id=gone.pk)
    imported(upload(handmade(*posts(2))))
    assert bodies(susan) == ["post 1"]
    post_restore(author=susan, post_id=gone.pk)
    assert Post.objects.get(body="post 0").origin.source_id == "id0"


def test_another_members_import_of_the_same_archive_is_theirs(upload: Upload, susan: User, john: User) -> None:
    read = upload(handmade(*posts(1)))
    Import.objects.filter(pk=read.pk).update(user=john)
    imported(again(read))
    imported(upload(handmade(*posts(1))))
    assert Post.objects.filter(body="post 0").count() == 2


def test_what_was_uploaded_is_deleted_once_it_is_read_and_nothing_private_is_kept(susan: User) -> None:
    waiting, task = import_upload(
        user=susan, file=SimpleUploadedFile("a.txt", handmade(*posts(1), {"reason": "private"}))
    )
    uploaded = str(waiting.file.name)
    runner.run(str(task.pk))
    read = again(waiting)
    assert (read.stage, imports_storage().exists(uploaded)) == (Stage.PREVIEW, False)
    with read.file.open("rb") as file:
        [[post, private]] = kept_batches(file)
    assert isinstance(post, Found)
    assert (post.body, private) == ("post 0", Skipped(Reason.PRIVATE))


def test_the_file_is_deleted_when_the_import_ends(upload: Upload) -> None:
    read = upload(handmade(*posts(1)))
    name = str(read.file.name)
    assert imports_storage().exists(name)
    assert not imported(read).file
    assert not imports_storage().exists(name)


@pytest.mark.parametrize(
    "run",
    [interrupt_at_each_checkpoint, die_before_each_checkpoint, die_after_each_checkpoint],
    ids=lambda run: run.__name__,
)
def test_each_post_is_imported_once_however_often_the_worker_ends(
    upload: Upload, susan: User, monkeypatch: pytest.MonkeyPatch, run: object
) -> None:
    monkeypatch.setattr(reading, "BATCH_SIZE", 3)
    read = upload(handmade(*posts(10), *({"reason": "boost"} for _ in range(4))))
    checkpoints = run(confirmed(read))  # type: ignore[operator]
    assert len(checkpoints) >= 3
    ended = again(read)
    assert bodies(susan) == [f"post {n}" for n in range(10)]
    assert (ended.report["imported"], ended.report["known"], ended.report["left_out"]) == (10, 0, {"boost": 4})
    assert LeftOut.objects.count() == 4


def test_a_cancelled_import_can_be_continued_or_undone(
    upload: Upload, susan: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "BATCH_SIZE", 3)
    read = upload(handmade(*posts(10), {"reason": "boost"}))
    task = confirmed(read)
    run_to_its_first_checkpoint(task)
    task_cancel(task)
    assert len(bodies(susan)) == 3
    assert may_be_undone(again(read))
    task.refresh_from_db()
    runner.run(str(task_retry(task).pk))
    assert (again(read).report["imported"], again(read).report["known"]) == (10, 0)
    assert LeftOut.objects.count() == 1


def test_a_cancelled_reading_stops_before_it_has_found_anything(upload: Upload, susan: User) -> None:
    read = upload(handmade(*posts(1)))
    task = task_launch(user=susan, name="read_import", params={"import": str(read.pk)})
    job = ReadImport(task, Heartbeat(task))
    job.reporter._lost.set()  # type: ignore[attr-defined]
    with pytest.raises(ClaimLostError), reading.opened(read, job.stop_if_lost):
        pass


def test_a_file_with_more_entries_than_any_archive_is_refused(upload: Upload, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_ENTRIES", 3)
    assert tasks_of(upload(handmade(*posts(4)))).get().error_code == "too_large_inside"
    assert upload(handmade(*posts(3))).stage == Stage.PREVIEW


def test_a_retry_is_refused_while_an_earlier_task_changes_the_posts(upload: Upload, susan: User) -> None:
    ended = imported(upload(handmade(*posts(1))))
    task = confirmed(upload(handmade(*posts(2))))
    task_cancel(task)
    import_undo(ended)
    task.refresh_from_db()
    retried = task_retry(task)
    runner.run(str(retried.pk))
    retried.refresh_from_db()
    assert (retried.status, retried.error_code) == (TaskStatus.FAILED, "busy")
    assert retried.error


def test_an_import_starts_once(upload: Upload) -> None:
    read = upload(handmade(*posts(1)))
    assert import_confirm(read, {"kinds": ["public"]})
    assert import_confirm(read, {"kinds": ["public"]}) is None


def test_a_new_upload_discards_one_that_waits(upload: Upload) -> None:
    first = upload(handmade(*posts(1)))
    second = upload(handmade(*posts(2)))
    assert (again(first).stage, again(second).stage) == (Stage.DISCARDED, Stage.PREVIEW)
    assert not again(first).file


# --- Profile and follows --------------------------------------------------------------------------------


def test_follows_and_profile_are_imported_on_a_tick_only(upload: Upload, susan: User, john: User) -> None:
    extras = {
        "profile": {"about_me": " " * 200 + "Hi ", "theme": "dark", "time_zone": "No/Where"},
        "follows": ["john", "gone", "susan"],
    }
    read = upload(handmade(*posts(1), **extras))
    assert read.preview["extras"]["profile"] == {"about_me": "Hi", "theme": "dark"}
    assert (read.preview["extras"]["follows"], read.preview["extras"]["elsewhere"]) == ([john.pk], ["gone"])
    imported(read)
    susan.refresh_from_db()
    assert (susan.about_me, susan.follows.count()) == ("", 0)
    ended = imported(upload(handmade(*posts(1), **extras)), profile=True, follows=True)
    susan.refresh_from_db()
    assert (susan.about_me, susan.theme, susan.time_zone) == ("Hi", "dark", "")
    assert susan.follows.get().followed == john
    User.objects.filter(pk=susan.pk).update(theme="light")
    undone(ended)
    susan.refresh_from_db()
    assert (susan.about_me, susan.theme, susan.follows.count()) == ("", "light", 0)


# --- The undo -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "run",
    [interrupt_at_each_checkpoint, die_before_each_checkpoint, die_after_each_checkpoint],
    ids=lambda run: run.__name__,
)
def test_an_undo_deletes_exactly_what_the_import_brought(
    upload: Upload, susan: User, monkeypatch: pytest.MonkeyPatch, run: object
) -> None:
    monkeypatch.setattr("imports.jobs.UNDO_BATCH", 3)
    own = Post.objects.by(susan).count()
    kept = imported(upload(handmade(*posts(2))))
    ended = imported(upload(handmade(*posts(12))))
    run(import_undo(ended))  # type: ignore[operator]
    assert again(ended).stage == Stage.UNDONE
    assert bodies(susan) == ["post 0", "post 1"]
    assert Post.objects.by(susan).count() == own + 2
    assert again(kept).stage == Stage.DONE


def test_after_an_undo_the_archive_can_be_imported_again(upload: Upload, susan: User) -> None:
    undone(imported(upload(handmade(*posts(3)))))
    assert imported(upload(handmade(*posts(3)))).report["imported"] == 3
    assert len(bodies(susan)) == 3


def test_what_the_member_had_deleted_stays_deleted_after_an_undo_too(upload: Upload, susan: User) -> None:
    ended = imported(upload(handmade(*posts(2))))
    post_remove(author=susan, post_id=Post.objects.get(body="post 0").pk)
    undone(ended)
    imported(upload(handmade(*posts(2))))
    assert bodies(susan) == ["post 1"]


def test_a_post_that_was_deleted_before_an_undo_cannot_be_restored_after_it(upload: Upload, susan: User) -> None:
    ended = imported(upload(handmade(*posts(2))))
    gone = Post.objects.get(body="post 0").pk
    post_remove(author=susan, post_id=gone)
    undone(ended)
    assert not post_restore(author=susan, post_id=gone)


def test_while_an_import_is_undone_no_other_begins(upload: Upload, susan: User) -> None:
    ended = imported(upload(handmade(*posts(1))))
    read = upload(handmade(*posts(2)))
    import_undo(ended)
    with pytest.raises(TaskAlreadyActiveError):
        confirmed(read)
    with pytest.raises(TaskAlreadyActiveError):
        upload(handmade(*posts(3)))
    assert again(read).stage == Stage.PREVIEW


def test_an_import_can_be_undone_for_some_days_and_once(upload: Upload, settings: LazySettings) -> None:
    ended = imported(upload(handmade(*posts(1))))
    assert may_be_undone(ended)
    old = timezone.now() - timedelta(days=settings.IMPORT_UNDO_DAYS, seconds=1)
    Import.objects.filter(pk=ended.pk).update(ended_at=old)
    assert not may_be_undone(again(ended))
    Import.objects.filter(pk=ended.pk).update(ended_at=timezone.now())
    assert not may_be_undone(undone(again(ended)))


# --- Files ----------------------------------------------------------------------------------------------


def test_a_discarded_file_is_deleted_and_its_reading_ends(upload: Upload, susan: User) -> None:
    read = upload(handmade(*posts(1)))
    assert import_discard(read)
    assert (again(read).stage, str(again(read).file)) == (Stage.DISCARDED, "")
    assert not import_discard(again(read))


def files_of(upload: Import) -> list[str]:
    return [name for name in imports_storage().listdir(FOLDER)[1] if name.startswith(str(upload.pk))]


def test_an_import_that_is_discarded_while_it_is_read_leaves_no_file(
    susan: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting, task = import_upload(user=susan, file=SimpleUploadedFile("a.txt", handmade(*posts(1))))
    as_json = Preview.as_json

    def discard_before(preview: Preview, reader: Reader) -> dict[str, Any]:
        assert import_discard(again(waiting))
        return as_json(preview, reader)

    monkeypatch.setattr(Preview, "as_json", discard_before)
    runner.run(str(task.pk))
    assert (again(waiting).stage, files_of(waiting)) == (Stage.DISCARDED, [])


def test_an_import_that_has_just_been_read_is_discarded_with_its_entries(susan: User) -> None:
    as_it_was, task = import_upload(user=susan, file=SimpleUploadedFile("a.txt", handmade(*posts(1))))
    runner.run(str(task.pk))
    assert import_discard(as_it_was)
    assert files_of(as_it_was) == []


def test_nothing_is_left_of_a_members_origins_when_the_posts_are_gone(upload: Upload, susan: User) -> None:
    undone(imported(upload(handmade(*posts(3)))))
    assert not PostOrigin.objects.filter(author=susan).exists()
