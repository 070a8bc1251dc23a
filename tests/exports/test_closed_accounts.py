"""A closed account's exports: none is started, none runs, none is mailed; its history says so."""

from collections.abc import Callable

import pytest
from django.core import mail
from rq import Queue

from accounts.models import User
from exports.bulk_export import bulk_export_begin
from exports.delivery.archive_email import archive_deliver, mail_again
from exports.export_job import ExportJob
from exports.jobs import PostsExport
from exports.models import Archive
from exports.storage.files import member_files
from tasks.admin.actions import not_retriable, retry_if_possible
from tasks.job import Result
from tasks.models import Task
from tasks.services.heartbeat import Heartbeat
from tasks.services.history import task_history
from tasks.services.launch import AccountClosedError, task_launch
from tests.job_doubles import replace_run

Work = Callable[[], None]


def close(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


def reopen(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=True)


def reasons(task: Task) -> list[str]:
    return [str(event.reason) for event in task_history(task)]


def test_none_is_started(susan: User) -> None:
    close(susan)
    with pytest.raises(AccountClosedError):
        task_launch(user=susan, name="export_posts")
    assert not Task.objects.exists()


def test_none_that_waited_is_run(susan: User, work: Work) -> None:
    task = task_launch(user=susan, name="export_posts")
    close(susan)
    work()
    task.refresh_from_db()
    assert (task.status, task.attempt, mail.outbox) == ("cancelled", 0, [])
    assert reasons(task) == ["asked", "account_closed"]
    assert not Archive.objects.exists()


@pytest.mark.parametrize("moment", ["while it is written", "when it is stored"])
def test_no_running_export_succeeds_or_is_emailed(
    susan: User, work: Work, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    def build(job: ExportJob) -> Result:
        close(susan)
        if moment == "while it is written":
            assert isinstance(job.reporter, Heartbeat)
            job.reporter._beat()
            job.reporter.advance(0)
        return PostsExport.run(job)

    replace_run(monkeypatch, build)
    task = task_launch(user=susan, name="export_posts")
    work()
    task.refresh_from_db()
    assert (task.status, mail.outbox) == ("cancelled", [])
    assert reasons(task) == ["asked", "claimed", "account_closed"]
    assert not Archive.objects.exists()
    assert member_files(susan.pk) == []


def test_a_finished_file_is_emailed_only_after_the_account_is_reopened(
    exported: Archive, susan: User, work: Work
) -> None:
    mail.outbox.clear()
    assert mail_again(exported)
    close(susan)
    work()
    exported.refresh_from_db()
    assert (mail.outbox, exported.mail_due_at, exported.mail_error) == ([], None, "account-closed")
    assert not mail_again(exported)
    archive_deliver(exported.pk)
    assert not mail.outbox
    reopen(susan)
    assert mail_again(exported)
    work()
    assert len(mail.outbox) == 1


def test_staff_are_told_why_they_cannot_retry_it(susan: User, staff: User, redis_queue: Queue) -> None:
    task = Task.objects.create(user=susan, name="export_posts", status="failed")
    close(susan)
    task = Task.objects.get(pk=task.pk)
    assert list(not_retriable([task])) == [task.pk]
    assert not retry_if_possible(task, staff)
    assert Task.objects.count() == 1


def test_an_account_that_was_opened_again_exports_as_before(susan: User, work: Work) -> None:
    task = task_launch(user=susan, name="export_posts")
    close(susan)
    work()
    reopen(susan)
    again = task_launch(user=susan, name="export_posts")
    work()
    again.refresh_from_db()
    task.refresh_from_db()
    assert (task.status, again.status, len(mail.outbox)) == ("cancelled", "succeeded", 1)


def test_a_member_who_closes_during_a_campaign_is_passed_over(susan: User, redis_queue: Queue) -> None:
    run = bulk_export_begin(name="end", task_name="export_posts", at_once=1)
    member = User.objects.get(pk=susan.pk)
    close(susan)
    run._launch(member)
    assert not run.waiting
