"""The randomised run: its faults come from the seed alone, and what it checks at the end is found when it is not so."""

import hashlib
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from rq import Queue

from accounts.models import User
from e2e.chaos import checks, imports
from e2e.chaos.api_clients import is_proper
from e2e.chaos.recovery import Recoveries
from e2e.chaos.report import Promise
from e2e.chaos.schedule import NO_WORKER, WEIGHTS, make_schedule
from e2e.chaos.timetable import Timetable, failures_were_told, is_any_due, moments_ran_once, too_many_kept
from exports.models import Archive, FailureEmail, Schedule
from exports.models.schedule import ScheduleStatus
from exports.periodic import schedules_launch
from imports.models import Import
from imports.services.uploads import import_upload
from posts.models import Post
from tasks import runner
from tasks.models import Task, TaskStatus
from tasks.models.event import Reason
from tasks.models.failure import Failure, FailureCode
from tasks.services.transitions import task_fail
from tests.exports.archives import archive_of
from tests.imports.conftest import again, imported
from tests.imports.test_jobs import undone
from tests.members import make_member, write_posts_for
from tests.waiting import wait_until

pytestmark = pytest.mark.processes

WHOLE = b'{"posts": [{"body": "susan 0"}, {"body": "susan 1"}]}'


@pytest.fixture
def susan(member: User) -> User:
    checks.posts_of.cache_clear()
    write_posts_for(member, 2)
    return member


@pytest.fixture
def archive(susan: User) -> Archive:
    """A success with which all is well."""
    return archive_of(susan, WHOLE)


def mail_of(archive: Archive, message_id: str = "") -> tuple[EmailMessage, list[str]]:
    message = EmailMessage()
    message["To"] = "susan@example.com"
    message["Message-ID"] = message_id or f"<export-{archive.task_id}@site>"
    message.set_content("Dear susan")
    message.add_attachment(WHOLE, maintype="application", subtype="json", filename="posts.json")
    return message, ["susan@example.com"]


def test_the_schedule_depends_on_the_seed_alone() -> None:
    assert make_schedule(7, 200) == make_schedule(7, 200)
    assert make_schedule(7, 200)[:50] == make_schedule(7, 50)
    assert make_schedule(7, 50) != make_schedule(8, 50)


def test_a_long_schedule_contains_every_kind_of_fault() -> None:
    assert {fault.kind for fault in make_schedule(1, 500)} == {*WEIGHTS, NO_WORKER}


def test_a_healthy_site_has_no_problems(archive: Archive) -> None:
    assert not list(checks.tasks_are_over())
    assert not list(checks.archives_are_whole({str(archive.task_id): archive.sha256}))
    assert not list(checks.mails_arrived([mail_of(archive), mail_of(archive)]))


def test_a_task_left_running_is_reported(susan: User) -> None:
    task = Task.objects.create(user=susan, name="export_posts", status=TaskStatus.RUNNING)
    assert list(checks.tasks_are_over()) == [f"Task {task.pk} is still running"]


def test_a_failed_task_without_an_error_is_reported(susan: User) -> None:
    task = Task.objects.create(user=susan, name="export_posts", status=TaskStatus.FAILED)
    assert list(checks.tasks_are_over()) == [f"Task {task.pk} failed without a reason"]


def test_a_success_without_an_archive_is_reported(susan: User) -> None:
    task = Task.objects.create(user=susan, name="export_posts", status=TaskStatus.SUCCEEDED)
    assert list(checks.archives_are_whole({})) == [f"Task {task.pk} succeeded without an archive"]


def test_a_truncated_archive_is_reported(archive: Archive) -> None:
    Path(archive.file.path).write_bytes(WHOLE[:-10])
    assert "its bytes are not those that were built" in next(checks.archives_are_whole({}))


def test_a_lost_archive_is_reported(archive: Archive) -> None:
    Path(archive.file.path).unlink()
    assert "No such file" in next(checks.archives_are_whole({}))


@pytest.mark.parametrize(
    "content",
    [
        b'{"posts": [{"body": "susan 0"}, {"body": "john 0"}]}',
        b'{"posts": [{"body": "susan 0"}]}',
        b'{"posts": [{"body": "susan 0"}, {"body": "susan 1"}, {"body": "susan 1"}]}',
    ],
    ids=["foreign", "missing", "twice"],
)
def test_an_archive_with_other_posts_is_reported(susan: User, content: bytes) -> None:
    archive_of(susan, content)
    assert "its posts are not those of its member" in next(checks.archives_are_whole({}))


def test_a_damaged_zip_is_reported(susan: User, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "archive.zip", "w") as container:
        container.writestr("posts.json", WHOLE)
    archive_of(susan, (tmp_path / "archive.zip").read_bytes(), filename="archive.zip", content_type="application/zip")
    assert "manifest.json is missing" in next(checks.archives_are_whole({}))


def test_a_download_with_other_bytes_is_reported(archive: Archive) -> None:
    digest = hashlib.sha256(b"something else").hexdigest()
    assert "what was downloaded" in next(checks.archives_are_whole({str(archive.task_id): digest}))


def test_a_success_that_was_never_emailed_is_reported(archive: Archive) -> None:
    assert list(checks.mails_arrived([])) == [f"Task {archive.task_id} succeeded and was never mailed"]


def test_a_second_message_id_is_reported(archive: Archive) -> None:
    mails = [mail_of(archive), mail_of(archive, "<another@site>")]
    [problem] = checks.mails_arrived(mails)
    assert "<another@site>" in problem


def test_an_email_to_another_member_is_reported(archive: Archive) -> None:
    message, _recipients = mail_of(archive)
    [problem] = checks.mails_arrived([(message, ["john@example.com"])])
    assert "went to ['john@example.com']" in problem


def test_an_email_with_another_file_is_reported(archive: Archive) -> None:
    Archive.objects.filter(pk=archive.pk).update(sha256=hashlib.sha256(b"another").hexdigest())
    [problem] = checks.mails_arrived([mail_of(archive)])
    assert "holds another file" in problem


def test_a_leftover_file_is_reported(archive: Archive) -> None:
    folder = settings.VAR_DIR / "tmp"
    folder.mkdir(exist_ok=True)
    orphan = Path(str(archive.file.name)).with_name("orphan.json")
    planted = [folder / "export-left", settings.VAR_DIR / "exports" / orphan]
    before = checks.nothing_is_left_over([folder])  # other tests
    try:
        for path in planted:
            path.touch()
        found = set(checks.nothing_is_left_over([folder])).difference(before)
        assert found == {f"{name} was left behind" for name in (planted[0], f"{orphan}")}
    finally:
        for path in planted:
            path.unlink()


@pytest.fixture
def timetable(susan: User, redis_queue: Queue) -> Timetable:
    """Susan's schedule, which is due."""
    timetable = Timetable(["susan"], pause=0, seed=1)
    while not timetable.due:
        timetable.turn()
    return timetable


def failed_mail(task: Task) -> tuple[EmailMessage, list[str]]:
    message = EmailMessage()
    message["Message-ID"] = f"<export-{task.pk}-failed@site>"
    return message, ["susan@example.com"]


def test_each_due_moment_that_is_launched_once_is_no_problem(timetable: Timetable) -> None:
    for number in (1, 2, 3):
        assert schedules_launch() == 1
        assert not list(moments_ran_once(timetable))
        for _turn in range(20):  # none becomes due while one is in progress
            timetable.turn()
        assert len(timetable.due) == number
        Task.objects.update(status=TaskStatus.SUCCEEDED, progress=100)
        while len(timetable.due) == number:
            timetable.turn()


def test_a_due_moment_without_an_export_is_reported(timetable: Timetable) -> None:
    assert is_any_due()
    [problem] = moments_ran_once(timetable)
    assert "nothing was launched" in problem


def test_a_second_export_of_a_due_moment_is_reported(timetable: Timetable) -> None:
    schedules_launch()
    task = Task.objects.get()
    Task.objects.create(user=task.user, name="export_archive", status=TaskStatus.FAILED, params=task.params)
    [problem] = moments_ran_once(timetable)
    assert "2 exports" in problem


def test_an_export_of_a_moment_that_was_not_due_is_reported(timetable: Timetable) -> None:
    schedules_launch()
    Schedule.objects.update(next_at=timezone.now())
    Task.objects.update(status=TaskStatus.SUCCEEDED, progress=100)
    schedules_launch()
    [problem] = moments_ran_once(timetable)
    assert "was not due" in problem


def test_more_files_than_a_schedule_keeps_are_reported(timetable: Timetable, susan: User) -> None:
    for problems in (0, 0, 1):
        archive_of(susan, WHOLE, is_scheduled=True)
        assert len(too_many_kept()) == problems


def test_a_replaced_archive_of_a_schedule_needs_neither_file_nor_email(susan: User) -> None:
    archive = archive_of(susan, WHOLE, is_scheduled=True)
    Archive.objects.update(file="", removal="replaced")
    assert not list(checks.archives_are_whole({}))
    assert not list(checks.mails_arrived([]))
    Archive.objects.update(is_scheduled=False)
    assert list(checks.archives_are_whole({}))
    assert list(checks.mails_arrived([])) == [f"Task {archive.task_id} succeeded and was never mailed"]


@pytest.fixture
def pausing(timetable: Timetable) -> Task:
    """The export that failed and paused Susan's schedule; the timetable has seen it."""
    schedules_launch()
    Schedule.objects.update(failures=2)
    task = Task.objects.get()
    assert task_fail(Task.objects.all(), task, failure=Failure(FailureCode.ERRORED), reason=Reason.FAILED)
    timetable.turn()
    return task


def test_a_paused_schedule_is_resumed_once_its_member_was_emailed(timetable: Timetable, pausing: Task) -> None:
    timetable.turn()
    assert Schedule.objects.get().status == ScheduleStatus.PAUSED
    FailureEmail.objects.update(mail_due_at=None)
    timetable.turn()
    assert Schedule.objects.get().status == ScheduleStatus.ACTIVE


def test_a_pause_that_was_never_emailed_is_reported(timetable: Timetable, pausing: Task, susan: User) -> None:
    Task.objects.create(user=susan, name="export_archive")  # of a failure that pauses nothing, this is enough
    assert list(failures_were_told(timetable, [])) == [f"The failure of task {pausing.pk} was never mailed"]
    assert not list(failures_were_told(timetable, [failed_mail(pausing)]))
    timetable.pausing.clear()
    assert not list(failures_were_told(timetable, []))


def test_a_token_in_a_log_is_reported(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    log.write_text("GET /api/v1/exports 200")
    assert not list(checks.tokens_stay_secret([log]))
    log.write_text(f"GET /api/v1/exports?mbt_{'x' * 43} 200")
    assert list(checks.tokens_stay_secret([log])) == [f"A token is in {log}"]


PROBLEM = b'{"status": 500, "code": "internal_server_error"}'


@pytest.mark.parametrize(
    ("status", "content_type", "body", "is_expected"),
    [
        (200, "application/json", b"{}", True),
        (200, "text/html", b"<p>", False),
        (200, "application/json", b"{", False),
        (500, "application/problem+json", PROBLEM, True),
        (503, "application/problem+json", PROBLEM, False),
        (500, "application/json", PROBLEM, False),
        (500, "text/html", b"<h1>", False),
        (401, "application/problem+json", PROBLEM.replace(b"500", b"401"), False),
        (403, "application/problem+json", PROBLEM.replace(b"500", b"403"), False),
    ],
)
def test_an_answer_that_the_api_must_not_give_is_reported(
    status: int, content_type: str, body: bytes, is_expected: bool
) -> None:
    assert is_proper(status, content_type, body, "api/v1/exports") == is_expected


@pytest.fixture
def upload(susan: User, redis_queue: Queue, monkeypatch: pytest.MonkeyPatch) -> Iterator[Import]:
    """An import with which all is well, of a short archive."""
    monkeypatch.setattr(imports, "SIZE", 110)
    imports.archive.cache_clear()
    upload, task = import_upload(user=susan, file=SimpleUploadedFile("posts.zip", imports.archive()))
    runner.run(str(task.pk))
    yield imported(again(upload))
    imports.archive.cache_clear()


def test_a_whole_import_and_its_undo_have_no_problems(susan: User, upload: Import) -> None:
    own = list(Post.objects.filter(origin=None).order_by("pk").values_list())
    assert not list(imports.import_is_whole(upload))
    assert list(imports.import_is_undone(upload, own))
    assert not list(imports.import_is_undone(undone(upload), own))


def delete_one(post: Post) -> None:
    post.delete()


def import_one_twice(post: Post) -> None:
    origin = post.origin
    post.pk = None
    post.save()
    origin.post, origin.source_id = post, "again"
    origin.save(force_insert=True)


def swap_two(post: Post) -> None:
    other = Post.objects.filter(timestamp=post.timestamp).exclude(body=post.body)[:1].get()
    post.body, other.body = other.body, post.body
    post.save()
    other.save()


@pytest.mark.parametrize("damage", [delete_one, import_one_twice, swap_two])
def test_an_import_that_is_not_whole_is_reported(upload: Import, damage: Callable[[Post], None]) -> None:
    damage(Post.objects.filter(origin__import_id=upload.pk).order_by("timestamp", "pk")[8])
    assert list(imports.import_is_whole(upload)) == [f"Import {upload.pk} did not bring each post once, in order"]


def test_an_import_that_counts_what_it_left_out_twice_is_reported(upload: Import) -> None:
    upload.left_out.create(reason="no_text")
    assert "4 entries left out" in next(imports.import_is_whole(upload))


def test_an_undo_that_changes_another_post_is_reported(susan: User, upload: Import) -> None:
    own = imports.rows_of(susan.pk)[:2]
    Post.objects.filter(author=susan, origin=None).update(body="changed")
    assert "not as before" in next(imports.import_is_undone(undone(upload), own))


@pytest.fixture
def running(transactional_db: None) -> Task:
    return Task.objects.create(user=make_member("john"), name="export_posts", status=TaskStatus.RUNNING, attempt=1)


@pytest.fixture
def site() -> SimpleNamespace:
    return SimpleNamespace(is_alive=True, is_told=False)


@pytest.fixture
def recoveries(running: Task, site: SimpleNamespace) -> Iterator[Recoveries]:
    looking = Recoveries(lambda: site.is_alive, lambda: site.is_alive, lambda _task: site.is_told)
    looking.start()
    yield looking
    looking.stop()


def test_a_task_that_runs_again_has_recovered(running: Task, recoveries: Recoveries) -> None:
    recoveries.attempts_ended("killed", [running])
    Task.objects.update(attempt=2)
    [seconds] = wait_until(lambda: recoveries.running_again["killed"])
    assert 0 < seconds < 5


def test_an_attempt_that_still_succeeds_was_not_interrupted(running: Task, recoveries: Recoveries) -> None:
    recoveries.attempts_ended("killed", [running])
    Task.objects.update(status=TaskStatus.SUCCEEDED, progress=100)
    wait_until(lambda: not recoveries.is_waiting)
    assert not recoveries.running_again["killed"]


def test_only_the_first_of_two_faults_in_one_attempt_counts(running: Task, recoveries: Recoveries) -> None:
    recoveries.attempts_ended("frozen", [running])
    recoveries.attempts_ended("killed", [running])
    recoveries.stop()
    assert list(recoveries.running_again) == ["frozen"]


def test_a_task_that_never_recovers_counts_until_the_end(running: Task, recoveries: Recoveries) -> None:
    recoveries.attempts_ended("killed", [running])
    recoveries.stop()
    assert len(recoveries.running_again["killed"]) == 1


def test_being_told_that_no_worker_is_available_ends_the_wait(recoveries: Recoveries, site: SimpleNamespace) -> None:
    site.is_alive = False
    assert not recoveries.all_are_told()
    site.is_told = True
    wait_until(recoveries.all_are_told)
    assert len(recoveries.told) == 1


def test_a_promise_holds_up_to_its_limit() -> None:
    assert Promise("", 30, [1, 30]).is_kept
    assert Promise("", 30, []).is_kept
    assert not Promise("", 30, [1, 30.1]).is_kept


@pytest.mark.long  # `make chaos` is more of it
def test_a_short_run_keeps_every_promise() -> None:
    command = [sys.executable, "-m", "e2e.chaos", "--faults", "6", "--seed", "1", "--workers", "2", "--members", "2"]
    command += ["--importers", "1", "--programs", "1", "--schedules", "2"]
    result = subprocess.run(
        command, cwd=settings.BASE_DIR, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    assert result.returncode == 0, result.stdout
    assert "Every end condition holds." in result.stdout
