"""An export for every member before a site closes: throttled, stopped, gone on with, and told of honestly."""

import re
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.conf import LazySettings, settings
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.models import User
from exports.bulk_export import BulkExport, bulk_export_begin
from exports.models import Archive
from tasks.models import Task, TaskStatus
from tasks.queue.client import QueueUnavailableError
from tasks.services.launch import task_launch
from tasks.services.transitions import task_cancel
from tests.mail_server import MailServer
from tests.members import make_member
from tests.waiting import wait_until
from tests.workers import child_environment, stop_process

Work = Callable[[], None]


@pytest.fixture
def members(transactional_db: None) -> list[User]:
    return [make_member(f"member-{number}") for number in range(3)]


def begin(**options: object) -> BulkExport:
    return bulk_export_begin(name="closing", task_name="export_archive", **options)  # type: ignore[arg-type]


def names_left(campaign: BulkExport) -> list[str]:
    """Return who does not have it yet, by name: a query without an order has one by chance."""
    return sorted(member.username for member in campaign.members_left())


def export_everyone(*options: str) -> tuple[str, str]:
    """Run the command to its end; return what it said, and its complaint."""
    out = StringIO()
    try:
        call_command("export_everyone", *options, stdout=out)
    except CommandError as error:
        return out.getvalue(), str(error)
    return out.getvalue(), ""


def succeeded() -> set[str]:
    done = Task.objects.filter(name="export_archive", status=TaskStatus.SUCCEEDED)
    return set(done.values_list("user__username", flat=True))


@pytest.mark.processes
def test_everyone_who_can_sign_in_gets_theirs_by_a_real_worker_and_by_mail(
    members: list[User], worker_factory: Callable[..., "subprocess.Popen[bytes]"], smtp_server: MailServer
) -> None:
    make_member("no-mail", email="")
    make_member("inactive", is_active=False)
    worker_factory(EMAIL_URL=smtp_server.url)
    said, complaint = export_everyone("--at-once", "3")
    assert "4 active members, 0 of them exported" in said
    assert "4 to do, 1 of them without an email address" in said
    assert "4 succeeded, 0 failed, 0 cancelled, 0 still running; 0 members without an export." in said
    assert complaint == ""
    assert succeeded() == {"member-0", "member-1", "member-2", "no-mail"}
    wait_until(lambda: not Archive.objects.filter(mail_due_at__isnull=False).exists(), what="The mails")
    assert {address for [address] in smtp_server.recipients} == {member.email for member in members}


def test_an_export_that_waits_already_by_the_members_own_wish_is_theirs(members: list[User], work: Work) -> None:
    task_launch(user=members[0], name="export_archive")
    run = begin(at_once=3)
    assert run.step()
    assert Task.objects.active().count() == 3
    work()
    assert not run.step()
    assert succeeded() == {"member-0", "member-1", "member-2"}
    assert Task.objects.filter(user=members[0]).count() == 1


def test_only_so_many_wait_at_a_time_and_who_has_theirs_makes_room(members: list[User], work: Work) -> None:
    run = begin(at_once=2)
    assert run.step()
    assert run.step()
    assert Task.objects.active().count() == 2
    work()
    assert run.step()
    assert Task.objects.active().count() == 1
    work()
    assert not run.step()
    assert run.ended == {TaskStatus.SUCCEEDED: 3}
    assert Task.objects.count() == 3


def test_the_next_run_continues_where_the_first_was_stopped(members: list[User], work: Work) -> None:
    begin(at_once=1).step()
    work()
    assert names_left(begin()) == ["member-1", "member-2"]
    run = begin(at_once=5)
    run.step()
    work()
    assert not run.step()
    assert Task.objects.count() == 3


def test_running_exports_of_an_earlier_run_are_awaited_and_not_started_twice(members: list[User], work: Work) -> None:
    begin(at_once=2).step()
    run = begin(at_once=2)
    assert run.step()
    assert Task.objects.count() == 2
    assert len(run.waiting) == 2
    work()
    run.step()
    assert run.ended == {TaskStatus.SUCCEEDED: 2}


def test_an_earlier_success_counts_from_the_given_time_on_only(members: list[User], work: Work) -> None:
    task_launch(user=members[0], name="export_archive")
    task_launch(user=members[1], name="export_posts")  # is not everything
    work()
    an_hour_ago = timezone.now() - timedelta(hours=1)
    assert begin().members_left().count() == 3
    assert names_left(begin(since=an_hour_ago)) == ["member-1", "member-2"]


def test_another_campaign_exports_everyone_again(members: list[User], work: Work) -> None:
    begin(at_once=3).step()
    work()
    assert begin().members_left().count() == 0
    other = bulk_export_begin(name="again", task_name="export_archive")
    assert other.members_left().count() == 3


def test_the_cooldown_does_not_apply(members: list[User], work: Work, settings: LazySettings) -> None:
    settings.EXPORT_COOLDOWN = 600
    task_launch(user=members[0], name="export_archive")
    work()
    run = begin(at_once=3)
    run.step()
    assert len(run.waiting) == 3


def test_it_is_told_why_some_failed_and_the_next_run_tries_them_again(members: list[User], work: Work) -> None:
    run = begin(at_once=3)
    run.step()
    first, second, _third = Task.objects.order_by("user")
    ended = {"ended_at": timezone.now()}
    Task.objects.filter(pk=first.pk).update(status=TaskStatus.FAILED, error="No room.", **ended)
    task_cancel(second)
    work()
    assert not run.step()
    assert run.ended == {TaskStatus.FAILED: 1, TaskStatus.CANCELLED: 1, TaskStatus.SUCCEEDED: 1}
    assert run.reasons == {"No room.": 1}
    assert begin().members_left().count() == 2


def test_a_member_who_is_deleted_meanwhile_stops_nothing(members: list[User], work: Work) -> None:
    run = begin(at_once=3)
    run.step()
    members[0].delete()
    work()
    assert not run.step()
    assert run.ended == {TaskStatus.CANCELLED: 1, TaskStatus.SUCCEEDED: 2}


def test_with_the_queue_server_down_nobody_gets_a_failed_export(members: list[User], unreachable_queue: None) -> None:
    run = begin(at_once=2)
    with pytest.raises(QueueUnavailableError):
        run.step()
    assert not Task.objects.exists()


def test_a_dry_run_counts_and_starts_nothing(members: list[User]) -> None:
    said, complaint = export_everyone("--dry-run")
    assert "3 active members, 0 of them" in said
    assert "3 to do" in said
    assert complaint == ""
    assert not Task.objects.exists()


@pytest.mark.parametrize("options", [["--at-once", "0"], ["--since", "soon"], ["--kind", "nonsense"]])
def test_unreadable_options_are_refused(members: list[User], options: list[str]) -> None:
    _said, complaint = export_everyone(*options)
    assert options[1] in complaint
    assert not Task.objects.exists()


@pytest.mark.processes
@pytest.mark.long
def test_without_worker_or_queue_server_it_says_so_and_waits_and_ctrl_c_stops_it_cleanly(
    members: list[User], tmp_path: Path, work: Work
) -> None:
    waits = start(tmp_path / "first")
    wait_until(lambda: "No worker is running" in (tmp_path / "first").read_text(), what="The word of the worker")
    waits.send_signal(signal.SIGINT)
    assert waits.wait(30) == 1
    said = (tmp_path / "first").read_text()
    assert "0 succeeded, 0 failed, 0 cancelled, 2 still running; 3 members without an export." in said
    assert "Stopped. Running exports continue" in said
    assert "Traceback" not in said
    work()
    assert succeeded() == {"member-0", "member-1"}
    waits = start(tmp_path / "second", REDIS_URL=f"unix://{tmp_path}/nobody.sock")
    wait_until(lambda: "queue server cannot be reached" in (tmp_path / "second").read_text(), what="The word")
    waits.send_signal(signal.SIGTERM)
    assert waits.wait(30) == 1
    assert re.search(r"1 to do\b", (tmp_path / "second").read_text())
    assert Task.objects.count() == 2


def start(log: Path, **variables: str) -> "subprocess.Popen[bytes]":
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "export_everyone"],
            cwd=settings.BASE_DIR,
            env=child_environment(**variables),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_until(lambda: "active members" in log.read_text(), what="The command", found=log.read_text)
    except BaseException:
        stop_process(process)
        raise
    return process
