"""The checks of the database, its migrations, the cache's table, and the mail server."""

import pytest
from django.conf import LazySettings
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from core.checks import clock_finding
from core.health import Status
from tests.checks import hints_of, problems_of, status_of
from tests.mail_server import MailServer


@pytest.mark.parametrize("name", ["database", "migrations", "database server", "cache table"])
def test_a_database_as_it_should_be_is_ok(db: None, name: str) -> None:
    assert status_of(name) is Status.OK


def test_migrations_that_are_not_applied_fail_and_unknown_ones_warn(db: None) -> None:
    recorder = MigrationRecorder(connection)
    recorder.record_applied("exports", "9999_from_the_future")
    assert status_of("migrations") is Status.WARNING  # of a newer release: this one still runs
    recorder.record_unapplied("notifications", "0003_names")
    assert status_of("migrations") is Status.FAILING
    missing, newer = problems_of("migrations")
    assert "notifications.0003_names" in missing
    assert "exports.9999_from_the_future" in newer


def test_a_missing_table_of_the_cache_fails(db: None, settings: LazySettings) -> None:
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "nowhere"}}
    assert status_of("cache table") is Status.FAILING
    assert "createcachetable" in hints_of("cache table")


@pytest.mark.parametrize(
    ("skew", "status"), [(0.0, Status.OK), (1.5, Status.OK), (-90.0, Status.FAILING), (90.0, Status.FAILING)]
)
def test_a_clock_that_is_wrong_fails(skew: float, status: Status) -> None:
    asked_at = timezone.now().timestamp()
    assert clock_finding(asked_at + skew, asked_at).status is status


def test_a_mail_server_that_answers_is_sent_nothing(smtp_server: MailServer) -> None:
    assert status_of("mail") is Status.OK
    assert smtp_server.messages == []


def test_a_mail_server_that_refuses_or_does_not_answer_fails(smtp_server: MailServer, settings: LazySettings) -> None:
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "anna", "mail-secret"
    assert status_of("mail") is Status.FAILING  # it knows no AUTH
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    smtp_server.replies = {"EHLO": "550 Not you"}
    assert status_of("mail") is Status.FAILING
    smtp_server.stop()
    assert status_of("mail") is Status.FAILING
    assert "EMAIL_URL" in hints_of("mail")
