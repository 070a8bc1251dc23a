"""The launch of scheduled exports: once for each due moment, in order, and never for those who can't have one."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.db import connection, connections
from django.utils import timezone
from rq import Queue

from accounts.models import User
from core.health import Status
from exports import periodic
from exports.models import Archive, FailureEmail, Schedule
from exports.models.archive import Removal
from exports.models.schedule import ScheduleStatus
from exports.options import OVERLAP
from exports.periodic import schedule_choice, schedule_launch, schedules_launch
from exports.storage.cleanup import archives_trim
from posts.models import Post
from tasks.models import QueuePause, Task, TaskStatus
from tasks.models.failure import Failure, FailureCode
from tasks.services.estimates import task_wait
from tasks.services.launch import task_launch
from tasks.services.transitions import task_claim, task_fail
from tests.checks import problems_of, status_of
from tests.exports.archives import archive_of
from tests.exports.conftest import Scheduled
from tests.exports.test_expiry import has_file, keep
from tests.members import make_member

Work = Callable[[], None]
WORKERS = 10


@pytest.fixture
def due(transactional_db: None, queue: Queue, scheduled: Scheduled) -> Callable[..., Schedule]:
    """Return a function that returns a schedule that has been due for so many minutes."""

    def make(user: User | None = None, *, minutes: float = 1, **values: int | str | list[str]) -> Schedule:
        schedule = scheduled(user, **values)
        now = timezone.now()
        rows = Schedule.objects.filter(pk=schedule.pk)
        rows.update(next_at=now - timedelta(minutes=minutes), last_date=now.date() - timedelta(days=7))
        return rows.get()

    return make


@pytest.fixture
def susans(susan: User, due: Callable[..., Schedule]) -> Schedule:
    return due(susan)


def test_what_is_due_is_launched_once(susans: Schedule, john: User, due: Callable[..., Schedule]) -> None:
    due(john, minutes=-1)  # to come
    assert [schedules_launch(), schedules_launch()] == [1, 0]
    task = Task.objects.get()
    assert (task.user, task.name, task.status) == (susans.user, "export_archive", TaskStatus.QUEUED)
    susans.refresh_from_db()
    assert susans.next_at
    assert susans.next_at > timezone.now()


def test_the_member_gets_a_link_and_no_file_and_hears_how_to_stop_it(susans: Schedule, work: Work) -> None:
    schedules_launch()
    work()
    [message] = mail.outbox
    assert isinstance(message, EmailMultiAlternatives)
    task = Task.objects.get()
    assert message.subject == "[Microblog] Your scheduled export"
    assert message.attachments == []
    for text in (str(message.body), str(message.alternatives[0][0])):
        assert f"http://localhost:8000/exports/{task.pk}/download/" in text
        assert "Your schedule: Every Saturday at 3 a.m." in text
        assert "http://localhost:8000/exports/#schedule" in text
    assert Archive.objects.get().is_scheduled


def test_its_file_is_kept_until_after_the_next_one(susans: Schedule, work: Work) -> None:
    schedules_launch()
    work()
    susans.refresh_from_db()
    assert susans.next_at
    assert Archive.objects.get().expires_at > susans.next_at


def test_older_scheduled_files_go_and_those_by_hand_stay(susan: User, due: Callable[..., Schedule], work: Work) -> None:
    by_hand = [keep(susan, age=age) for age in (1, 20, 30)]
    earlier = [keep(susan, age=age) for age in (7, 14)]
    Archive.objects.filter(pk__in=[archive.pk for archive in earlier]).update(is_scheduled=True)
    due(susan, keep=2)
    schedules_launch()
    work()
    assert [has_file(archive) for archive in [*by_hand, *earlier]] == [True, True, True, True, False]
    assert Archive.objects.get(pk=earlier[1].pk).removal == Removal.REPLACED


def test_the_cleanup_finds_files_beyond_the_number(susan: User, john: User, scheduled: Scheduled) -> None:
    scheduled(susan, keep=1)
    scheduled(john, keep=3)
    archives = [keep(user, age=age) for user in (susan, john) for age in (1, 2)]
    Archive.objects.update(is_scheduled=True)
    assert [archives_trim(), archives_trim()] == [1, 0]
    assert [has_file(archive) for archive in archives] == [True, False, True, True]


def test_a_missed_week_is_made_good_once(susan: User, due: Callable[..., Schedule], work: Work) -> None:
    due(susan, minutes=7 * 24 * 60)
    for _ in range(7):
        schedules_launch()
        work()
    assert Task.objects.count() == 1


def test_one_waits_for_the_members_own_export_and_then_runs(susans: Schedule, work: Work) -> None:
    task_launch(user=susans.user, name="export_archive", actor=susans.user)
    assert schedules_launch() == 0
    assert Schedule.objects.get().next_at == susans.next_at
    work()  # its own periodic work launches it
    schedules_launch()
    work()
    assert [("scheduled_for" in task.params, task.status) for task in Task.objects.order_by("created_at")] == [
        (False, TaskStatus.SUCCEEDED),
        (True, TaskStatus.SUCCEEDED),
    ]


def test_the_pause_after_a_success_is_not_its(susans: Schedule, work: Work, settings: object) -> None:
    settings.EXPORT_COOLDOWN = 3600  # type: ignore[attr-defined]
    Schedule.objects.update(next_at=timezone.now() + timedelta(hours=1))
    task_launch(user=susans.user, name="export_archive", actor=susans.user)
    work()
    Schedule.objects.update(next_at=timezone.now())
    assert schedules_launch() == 1


def test_it_holds_what_the_member_has_chosen_and_only_new_posts(
    susan: User, due: Callable[..., Schedule], work: Work
) -> None:
    due(susan, parts=["posts"], only_new=True)
    found = []
    for _ in range(2):
        Schedule.objects.update(next_at=timezone.now())
        schedules_launch()
        work()
        Archive.objects.update(snapshot_at=timezone.now() + OVERLAP)
        Post.objects.create(author=susan, body="since then")
        found.append(Archive.objects.order_by("-created_at")[0].item_counts)
    assert [counts["posts"] for counts in found] == [3, 1]
    assert "messages" not in found[0]


def test_posts_are_new_since_the_last_archive_that_had_posts(susan: User, due: Callable[..., Schedule]) -> None:
    schedule = due(susan, only_new=True)
    assert schedule_choice(schedule).is_everything
    with_posts, without = (archive_of(susan, b"{}", task_name="export_archive") for _ in range(2))
    Task.objects.filter(pk=without.task_id).update(params={"parts": ["people"]})
    assert schedule_choice(schedule).since == with_posts.snapshot_at - OVERLAP
    schedule.parts = ["people"]
    assert schedule_choice(schedule).since is None


@pytest.mark.parametrize("status", [ScheduleStatus.STOPPED, ScheduleStatus.PAUSED])
def test_a_stopped_or_paused_one_does_not_run(susans: Schedule, status: ScheduleStatus) -> None:
    Schedule.objects.update(status=status, next_at=None)
    assert (schedules_launch(), schedule_launch(susans.pk)) == (0, False)


def test_nothing_runs_for_members_who_cannot_sign_in(due: Callable[..., Schedule]) -> None:
    closed, unconfirmed, erased = (due(make_member()) for _ in range(3))
    User.objects.filter(pk=closed.user_id).update(is_active=False)
    EmailAddress.objects.filter(user=unconfirmed.user).update(verified=False)
    erased.user.delete()
    assert schedules_launch() == 0
    assert set(Schedule.objects.values_list("pk", flat=True)) == {closed.pk, unconfirmed.pk}
    User.objects.update(is_active=True)
    assert schedules_launch() == 1


def test_few_wait_in_the_queue_the_one_due_longest_first(
    due: Callable[..., Schedule], work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(periodic, "MAX_WAITING", 2)
    schedules = [due(minutes=minutes) for minutes in (1, 5, 3, 4, 2)]
    assert [schedules_launch(), schedules_launch()] == [2, 0]
    assert set(Task.objects.values_list("user", flat=True)) == {schedules[1].user_id, schedules[3].user_id}
    Task.objects.update(status=TaskStatus.RUNNING)
    assert schedules_launch() == 2
    assert Task.objects.filter(user=schedules[0].user).count() == 0


def test_those_that_cannot_run_yet_take_nobodys_turn(
    due: Callable[..., Schedule], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(periodic, "MAX_WAITING", 1)
    busy, closed, free = due(minutes=3), due(minutes=2), due(minutes=1)
    task_launch(user=busy.user, name="export_archive", actor=busy.user)
    User.objects.filter(pk=closed.user_id).update(is_active=False)
    assert schedules_launch() == 1
    assert Task.objects.filter(user=free.user).exists()


def test_no_small_export_waits_behind_them(susans: Schedule, john: User, queue: Queue, large_queue: Queue) -> None:
    schedules_launch()
    own = task_launch(user=john, name="export_archive", actor=john)
    assert queue.get_job_ids() == [str(own.pk)]
    assert large_queue.get_job_ids() == [str(Task.objects.get(user=susans.user).pk)]
    wait = task_wait(own)
    assert wait
    assert wait.ahead == 0


def test_none_is_launched_into_a_paused_queue(susans: Schedule) -> None:
    QueuePause.objects.create(queue="large")
    assert schedules_launch() == 0
    QueuePause.objects.all().delete()
    assert schedules_launch() == 1


def test_without_a_queue_server_none_is_lost(susans: Schedule, unreachable_queue: None) -> None:
    assert schedules_launch() == 0
    assert not Task.objects.exists()
    assert Schedule.objects.get().next_at == susans.next_at


def test_one_that_cannot_be_launched_keeps_no_other_waiting(
    due: Callable[..., Schedule], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(periodic, "MAX_WAITING", 1)
    broken, other = due(minutes=2), due(minutes=1)
    Schedule.objects.filter(pk=broken.pk).update(hour=99)
    assert [schedules_launch(), schedules_launch()] == [0, 1]
    assert Task.objects.get().user == other.user
    assert f"Schedule {broken.pk} could not be launched" in caplog.text
    assert Schedule.objects.filter(pk=broken.pk, next_at__gt=timezone.now()).exists(), "it is retried later"


def test_one_that_its_member_changes_meanwhile_is_not_put_off(
    susans: Schedule, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = timezone.now() + timedelta(days=3)

    def change_and_fail(pk: int) -> bool:
        Schedule.objects.filter(pk=pk).update(next_at=chosen)
        raise RuntimeError("broken")

    monkeypatch.setattr(periodic, "schedule_launch", change_and_fail)
    assert schedules_launch() == 0
    assert Schedule.objects.get().next_at == chosen


def test_one_with_a_part_that_only_newer_code_knows_runs_without_it(susans: Schedule) -> None:
    Schedule.objects.update(parts=["posts", "pictures"])
    assert schedules_launch() == 1
    assert Task.objects.get().params["parts"] == ["posts"]


def test_a_death_before_the_commit_leaves_it_due(susans: Schedule, monkeypatch: pytest.MonkeyPatch) -> None:
    class DiedError(BaseException):
        pass

    def die(**_arguments: object) -> None:
        raise DiedError

    with monkeypatch.context() as patch:
        patch.setattr(periodic, "task_launch", die)
        with pytest.raises(DiedError):
            schedules_launch()
    assert Schedule.objects.get().next_at == susans.next_at
    assert schedules_launch() == 1


def test_ten_workers_side_by_side_launch_each_once(due: Callable[..., Schedule], large_queue: Queue) -> None:
    schedules = [due(minutes=minutes) for minutes in range(1, 16)]

    def launch(_number: int) -> int:
        try:
            return schedules_launch()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(WORKERS) as pool:
        launched = sum(pool.map(launch, range(WORKERS)))
    launched += schedules_launch()  # what several wanted at once, and another had locked
    assert launched == len(schedules)
    assert sorted(Task.objects.values_list("user", flat=True)) == sorted(each.user_id for each in schedules)
    assert len(large_queue) == len(schedules)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite lets one write at a time")
def test_one_that_another_worker_launches_just_now_is_left_to_it(susans: Schedule) -> None:
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute("SELECT 1 FROM exports_schedule WHERE id = %s FOR UPDATE", [susans.pk])
            assert schedules_launch() == 0
            cursor.execute("ROLLBACK")
    finally:
        other.close()
    assert schedules_launch() == 1


def fail_scheduled(user: User) -> None:
    """Have the member's scheduled export launched and fail for good."""
    Schedule.objects.filter(next_at__isnull=False).update(next_at=timezone.now() - timedelta(minutes=1))
    schedules_launch()
    task = task_claim(task_id=str(Task.objects.active().get(user=user).pk), worker="w")
    assert task
    task_fail(Task.objects.claimed_as(task), task, failure=Failure(FailureCode.NO_SPACE))


def test_three_failures_pause_it_and_the_last_email_says_so(susans: Schedule, work: Work) -> None:
    for _ in range(3):
        fail_scheduled(susans.user)
        work()
    assert Schedule.objects.get().status == ScheduleStatus.PAUSED
    subjects = [message.subject for message in mail.outbox]
    assert subjects == [
        *["[Microblog] Your archive could not be prepared"] * 2,
        "[Microblog] Your scheduled exports are paused",
    ]
    assert "Your schedule continues. The next export:" in str(mail.outbox[0].body)
    last = str(mail.outbox[-1].body)
    assert "There isn't enough disk space" in last
    assert "http://localhost:8000/exports/#schedule" in last
    schedules_launch()
    assert not Task.objects.active().exists()


def test_the_email_of_the_pause_comes_even_if_the_member_has_exported_since(susans: Schedule, work: Work) -> None:
    Schedule.objects.update(failures=2)
    fail_scheduled(susans.user)
    task_launch(user=susans.user, name="export_archive", actor=susans.user)
    assert FailureEmail.objects.get().is_still_wanted()


def test_the_doctor_says_when_workers_cannot_keep_up(susans: Schedule, due: Callable[..., Schedule]) -> None:
    assert status_of("schedules") is Status.OK
    due(minutes=25 * 60)
    assert status_of("schedules") is Status.WARNING
    assert len(problems_of("schedules")) == 1
