"""The figures of emails and files."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from exports.figures import email_counts, kept_files
from exports.models import Archive, FailureEmail
from tasks.models import Task
from tests.exports.archives import archive_of
from tests.members import make_member


def ago(**length: float) -> datetime:
    return timezone.now() - timedelta(**length)


def failed_task(ended_at: datetime) -> Task:
    return Task.objects.create(user=make_member(), name="export_posts", status="failed", ended_at=ended_at)


def test_mails_are_waiting_failing_or_overdue(db: None) -> None:
    for due_at, error in (
        (timezone.now(), ""),
        (timezone.now() + timedelta(minutes=5), "Connection refused"),
        (ago(minutes=10), ""),
        (None, "refused"),
    ):
        archive_of(make_member(), b"{}", mail_due_at=due_at, mail_error=error)
    counts = email_counts()
    assert (counts["waiting"], counts["failing"], counts["overdue"]) == (3, 1, 1)


@pytest.mark.parametrize(
    ("fields", "counted"),
    [
        ({"mail_due_at": ago(minutes=10)}, {"waiting", "overdue"}),
        ({"mail_due_at": ago(hours=-1), "mail_error": "Connection refused"}, {"waiting", "failing"}),
        ({"mail_due_at": ago(hours=-1), "mail_error": "site-refused"}, {"waiting", "failing", "site_refused"}),
        ({"mail_error": "site-refused"}, {"given_up"}),
        ({"mail_error": "message-refused"}, {"given_up"}),
        ({"mail_error": "Connection refused"}, {"given_up"}),
        ({"mail_error": "refused"}, {"returned"}),
        ({"mail_event": "bounced"}, {"returned"}),
        ({"mail_event": "rejected"}, {"returned"}),
        ({"mail_event": "delivered"}, set()),
        ({"mail_error": "no-address"}, set()),
        ({"mail_error": "account-closed"}, set()),
        ({}, set()),
    ],
)
@pytest.mark.parametrize("is_failure", [False, True])
def test_an_email_with_a_file_counts_as_one_about_a_failure_does(
    db: None, fields: dict[str, Any], counted: set[str], is_failure: bool
) -> None:
    if is_failure:
        FailureEmail.objects.create(task=failed_task(timezone.now()), **fields)
    else:
        archive_of(make_member(), b"{}", **fields)
    assert {name for name, count in email_counts().items() if count} == counted


def test_emails_given_up_long_ago_are_not_counted(db: None) -> None:
    old = ago(days=8)
    FailureEmail.objects.create(task=failed_task(old), mail_error="refused")
    archive_of(make_member(), b"{}", mail_error="Connection refused", created_at=old)
    assert not any(email_counts().values())


def test_the_storage_holds_what_has_its_file_still(db: None) -> None:
    for content in (b"12345", b"678"):
        archive_of(make_member(), content)
    gone = archive_of(make_member(), b"gone")
    Archive.objects.filter(pk=gone.pk).update(file="")
    assert kept_files() == {"files": 2, "bytes": 8}
