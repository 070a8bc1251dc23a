"""The email about an export that failed for good."""

from collections.abc import Callable
from datetime import timedelta
from typing import cast

import pytest
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.test import Client
from django.utils import timezone

from accounts.models import User
from exports.delivery.failure_email import failure_email_deliver
from exports.delivery.sending import emails_reconcile
from exports.models import FailureEmail
from tasks.admin.actions import stop
from tasks.models import Task
from tasks.models.failure import Failure, FailureCode
from tasks.services.attempts import attempt_failed
from tasks.services.launch import task_launch
from tasks.services.transitions import task_cancel, task_claim, task_fail
from tests.mail_server import MailServer

Work = Callable[[], None]


@pytest.fixture
def running(susan: User, work: Work) -> Task:
    task = Task.objects.create(user=susan, name="export_posts")
    claimed = task_claim(task_id=str(task.pk), worker="w")
    assert claimed
    return claimed


def fail(task: Task) -> Task | None:
    return task_fail(Task.objects.claimed_as(task), task, failure=Failure(FailureCode.TIMED_OUT, {"minutes": 60}))


@pytest.mark.parametrize("name", ["export_posts", "export_archive"])
def test_it_says_why_and_leads_to_where_it_can_be_retried(susan: User, work: Work, name: str) -> None:
    task = Task.objects.create(user=susan, name=name)
    claimed = task_claim(task_id=str(task.pk), worker="w")
    assert claimed
    fail(claimed)
    work()
    [message] = cast(list[EmailMultiAlternatives], mail.outbox)
    assert message.to == ["susan@example.com"]
    html = message.alternatives[0][0]
    for text in (str(message.body), str(html)):
        assert "it took longer than the limit of 60 minutes" in text
        assert "http://localhost:8000/exports/" in text
    assert message.extra_headers["Message-ID"] == f"<export-{task.pk}-failed@localhost>"
    assert FailureEmail.objects.get().mail_due_at is None


def test_it_is_sent_once_however_often_one_looks(running: Task, work: Work) -> None:
    fail(running)
    assert fail(running) is None
    work()
    failure_email_deliver(str(running.pk))
    emails_reconcile()
    work()
    assert len(mail.outbox) == 1


def test_it_is_in_the_members_language(running: Task, work: Work) -> None:
    Task.objects.filter(pk=running.pk).update(language="es")
    fail(running)
    work()
    assert mail.outbox[0].subject == "[Microblog] No se han podido exportar tus publicaciones"
    assert "ha superado el límite" in str(mail.outbox[0].body)


def test_staff_who_stop_an_export_have_its_member_told(running: Task, john: User, work: Work) -> None:
    stop(running, john)
    work()
    assert "Our staff stopped this" in str(mail.outbox[0].body)


def test_a_member_who_cancels_is_not_told(running: Task, work: Work) -> None:
    task_cancel(running)
    work()
    assert mail.outbox == []


def test_an_attempt_that_fails_is_no_failure_yet(running: Task, work: Work) -> None:
    attempt_failed(running, traceback="")
    work()
    assert mail.outbox == []


def test_a_failed_example_sends_no_email(susan: User, work: Work) -> None:
    task = Task.objects.create(user=susan, name="example", status="running")
    fail(task)
    work()
    assert mail.outbox == []


def test_a_member_who_has_started_another_one_is_not_told(running: Task, susan: User, work: Work) -> None:
    fail(running)
    task_launch(user=susan, name="export_posts")
    work()
    assert [message.subject for message in mail.outbox] == ["[Microblog] Your blog posts"]


@pytest.mark.parametrize("change", [{"is_active": False}, {"email": ""}])
def test_members_who_are_locked_out_or_have_no_address_get_no_email(
    running: Task, work: Work, change: dict[str, object]
) -> None:
    User.objects.filter(pk=running.member.pk).update(**change)
    fail(running)
    work()
    assert mail.outbox == []
    assert FailureEmail.objects.get().mail_due_at is None


def test_a_mail_server_that_is_unavailable_delays_it(running: Task, work: Work, smtp_server: MailServer) -> None:
    smtp_server.refusal = "451 try later"
    fail(running)
    work()
    assert smtp_server.messages == []
    smtp_server.refusal = ""
    FailureEmail.objects.update(mail_due_at=timezone.now() - timedelta(hours=1))
    assert emails_reconcile() == 1
    work()
    assert len(smtp_server.messages) == 1
    assert FailureEmail.objects.get().mail_error == ""


def test_an_address_that_is_refused_is_tried_once(running: Task, work: Work, smtp_server: MailServer) -> None:
    smtp_server.unknown_recipient = "550 no such user"
    fail(running)
    work()
    email = FailureEmail.objects.get()
    assert (email.mail_due_at, email.mail_error) == (None, "refused")


@pytest.mark.usefixtures("unreachable_queue")
def test_a_queue_server_that_is_unavailable_delays_it_and_not_the_page(signed_in: Client) -> None:
    assert signed_in.post("/exports/").status_code == 302
    assert FailureEmail.objects.get().mail_due_at
