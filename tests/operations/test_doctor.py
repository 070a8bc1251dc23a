"""`manage.py doctor`: a line for each part, with the remedy, whatever is broken, and never a secret."""

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.auth.hashers import make_password
from django.core.management import call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone
from rq import Queue

from core.periodic import REGULAR
from development.embedded_server import BASE_DIR
from exports.models import Archive, FailureEmail
from microblog_project import environment
from operations.doctor import work
from operations.doctor.archives import check_archive_storage
from operations.doctor.assets import check_assets
from operations.doctor.configuration import check_settings
from operations.doctor.database import check_database, clock_finding
from operations.doctor.examining import examine
from operations.doctor.findings import Finding, ok
from operations.doctor.machine import check_machine
from operations.doctor.mail import check_mail
from operations.doctor.queue_server import check_queue_server
from operations.doctor.secrets import masked
from operations.doctor.versions import check_versions
from operations.doctor.work import check_housekeeping, check_tasks, check_workers
from tasks.models import Housekeeping, Task
from tasks.services.housekeeping import housekeeping_note
from tests.exports.archives import archive_of
from tests.mail_server import MailServer, free_port
from tests.members import make_member


def levels(findings: Iterable[Finding]) -> dict[str, str]:
    return {finding.what: str(finding.level) for finding in findings}


def found(findings: Iterable[Finding], what: str) -> Finding:
    [finding] = [finding for finding in findings if finding.what == what]
    return finding


def doctor(*options: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Run the command in a process of its own, with these environment variables only."""
    return subprocess.run(
        [sys.executable, "manage.py", "doctor", *options],
        cwd=BASE_DIR,
        env={"PATH": os.environ["PATH"], **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


# --- The command --------------------------------------------------------------------------------------------


@pytest.mark.processes
def test_with_everything_broken_it_says_so_line_by_line_and_tells_no_secret(tmp_path: Path) -> None:
    result = doctor(
        VAR_DIR=str(tmp_path),
        SECRET_KEY="short-and-secret",
        SITE_URL="http://microblog.example",
        DATABASE_URL=f"postgres://anna:data-secret@127.0.0.1:{free_port()}/microblog",
        REDIS_URL=f"redis://:queue-secret@127.0.0.1:{free_port()}/0",
        EMAIL_URL=f"smtp://anna:mail-secret@127.0.0.1:{free_port()}",
        EXPORT_STORAGE_URL=f"s3://archives?endpoint_url=http://127.0.0.1:{free_port()}",
        AWS_ACCESS_KEY_ID="key-secret",
        AWS_SECRET_ACCESS_KEY="bucket-secret",
    )
    assert result.returncode == 1, result.stderr
    lines = result.stdout.splitlines()
    failed = {line.split("  ")[1].partition(":")[0] for line in lines if line.startswith("FAIL")}
    assert failed >= {"SECRET_KEY", "SITE_URL", "database", "queue server", "workers", "archive storage", "mail"}
    assert all("  -> " in line for line in lines if line.startswith("FAIL"))
    assert "Traceback" not in result.stdout + result.stderr
    for secret in ("short-and", "data", "queue", "mail", "key", "bucket"):
        assert f"{secret}-secret" not in result.stdout + result.stderr
    assert lines[-1].endswith("FAIL")


@pytest.mark.processes
def test_servers_that_do_not_answer_hold_up_nobody(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        place = f"127.0.0.1:{silent.getsockname()[1]}"
        result = doctor(
            "--json",
            "--time-limit=2",
            VAR_DIR=str(tmp_path),
            DATABASE_URL=f"postgres://anna@{place}/microblog",
            REDIS_URL=f"redis://{place}/0",
            EMAIL_URL=f"smtp://{place}",
        )
    assert result.returncode == 1
    told = json.loads(result.stdout)
    late = {finding["what"] for finding in told["findings"] if "no answer in 2 seconds" in finding["found"]}
    assert told["ok"] is False
    assert late >= {"database", "queue server", "mail"}


@pytest.mark.processes
def test_settings_that_cannot_be_read_are_named_without_their_password(tmp_path: Path) -> None:
    for variable, value in [
        ("DATABASE_URL", "oracel://anna:data-secret@host/name"),
        ("EMAIL_URL", "pigeon://anna:mail-secret@host"),
    ]:
        result = doctor(VAR_DIR=str(tmp_path), **{variable: value})
        assert result.returncode == 1
        assert variable in result.stderr
        assert "-secret" not in result.stderr


def test_a_site_that_is_well_ends_with_0_and_a_test_mail_is_sent_if_asked_for(
    transactional_db: None,
    worker_process: "Popen[bytes]",
    smtp_server: MailServer,
    settings: LazySettings,
) -> None:
    settings.DEBUG = True  # a development site is not asked for https
    out = StringIO()
    call_command("doctor", "--send-mail", "anna@example.com", stdout=out)
    assert "FAIL  " not in out.getvalue()
    assert out.getvalue().splitlines()[-1].endswith("0 FAIL")
    assert smtp_server.recipients == [["anna@example.com"]]


def test_a_check_that_hangs_or_breaks_leaves_the_others_be() -> None:
    never = threading.Event()

    def check_hangs() -> Iterator[Finding]:
        yield ok("before", "it hangs")
        never.wait()

    def check_breaks() -> Iterator[Finding]:
        raise RuntimeError("on fire")
        yield

    findings = list(examine([check_hangs, check_breaks, lambda: [ok("last", "well")]], time_limit=0.2))
    never.set()
    told = [(finding.what, str(finding.level)) for finding in findings]
    assert told == [("before", "ok"), ("hangs", "FAIL"), ("breaks", "FAIL"), ("last", "ok")]
    assert findings[2].found == "RuntimeError: on fire"


def test_passwords_are_masked_in_addresses_and_wherever_else_they_stand(
    settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SECRET_KEY = "k" * 50
    monkeypatch.setenv("ANYMAIL_POSTMARK_SERVER_TOKEN", "token/1")
    told = masked(f"{'k' * 50} at redis://:pw@host, smtp://anna:pw@host, token/1 or token%2F1")
    assert told == "*** at redis://:***@host, smtp://anna:***@host, *** or ***"


# --- Settings and versions ----------------------------------------------------------------------------------


@pytest.fixture
def production(settings: LazySettings) -> LazySettings:
    """Settings as a site for the public has them."""
    settings.DEBUG = False
    settings.SECRET_KEY = make_password(None, "salt") + "x" * 50
    settings.HTTPS = True
    settings.SITE_URL, settings.SITE_HOST = "https://microblog.example", "microblog.example"
    settings.ALLOWED_HOSTS = ["microblog.example"]
    settings.CSRF_TRUSTED_ORIGINS = ["https://microblog.example"]
    settings.ADMINS = [("", "anna@example.com")]
    return settings


def test_settings_as_they_should_be_are_well(production: LazySettings) -> None:
    told = levels(check_settings())
    for what in ("mode", "SECRET_KEY", "SITE_URL", "ALLOWED_HOSTS", "CSRF_TRUSTED_ORIGINS", "ADMINS"):
        assert told[what] == "ok"


@pytest.mark.parametrize(
    ("changes", "what", "level"),
    [
        ({"DEBUG": True}, "mode", "FAIL"),
        ({"SECRET_KEY": "short"}, "SECRET_KEY", "FAIL"),
        ({"SECRET_KEY": "a" * 60}, "SECRET_KEY", "FAIL"),
        ({"HTTPS": False, "SITE_URL": "http://microblog.example"}, "SITE_URL", "FAIL"),
        ({"SITE_URL": "microblog.example"}, "SITE_URL", "FAIL"),
        ({"ALLOWED_HOSTS": ["other.example"]}, "ALLOWED_HOSTS", "FAIL"),
        ({"ALLOWED_HOSTS": ["*"]}, "ALLOWED_HOSTS", "FAIL"),
        ({"ALLOWED_HOSTS": [".example"]}, "ALLOWED_HOSTS", "ok"),
        ({"CSRF_TRUSTED_ORIGINS": []}, "CSRF_TRUSTED_ORIGINS", "warn"),
        ({"ADMINS": []}, "ADMINS", "warn"),
        ({"MAINTENANCE": True}, "maintenance", "warn"),
        ({"X_FRAME_OPTIONS": "SAMEORIGIN"}, "check security.W019", "warn"),
    ],
)
def test_a_setting_that_is_not_as_it_should_be_is_told(
    production: LazySettings, changes: dict[str, Any], what: str, level: str
) -> None:
    for name, value in changes.items():
        setattr(production, name, value)
    finding = found(check_settings(), what)
    assert str(finding.level) == level
    assert bool(finding.remedy) is (level != "ok")


def test_a_package_that_is_not_the_locked_one_is_named(settings: LazySettings, tmp_path: Path) -> None:
    assert levels(check_versions())["packages"] == "ok"
    lock = "django==1.0 \\\n    --hash=sha256:0\nnowhere==2.0\ncolorama==1 ; sys_platform == 'win32'\nrq[extra]==0.1\n"
    (tmp_path / "requirements.txt").write_text(lock)
    settings.BASE_DIR = tmp_path
    packages = found(check_versions(), "packages")
    assert "django 5" in packages.found
    assert "nowhere is missing" in packages.found
    assert "rq 3" in packages.found
    assert "colorama" not in packages.found  # not installed here, and not wanted here


# --- The database -------------------------------------------------------------------------------------------


def test_a_database_as_it_should_be_is_well(db: None) -> None:
    told = levels(check_database())
    assert set(told.values()) == {"ok"}
    assert {"database", "migrations", "cache table", "search"} <= told.keys()
    assert connection.vendor == "sqlite" or told["database ICU"] == told["database clock"] == "ok"


def test_a_migration_that_is_not_applied_and_one_that_is_unknown_are_named(db: None) -> None:
    recorder = MigrationRecorder(connection)
    recorder.record_unapplied("notifications", "0003_names")
    recorder.record_applied("exports", "9999_from_the_future")
    findings = [finding for finding in check_database() if finding.what == "migrations"]
    assert [str(finding.level) for finding in findings] == ["FAIL", "warn"]
    assert "notifications.0003_names" in findings[0].found
    assert "exports.9999_from_the_future" in findings[1].found
    assert "newer release" in findings[1].remedy


def test_a_table_of_the_cache_that_is_missing_is_told(db: None, settings: LazySettings) -> None:
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "nowhere"}}
    told = list(check_database())
    assert "createcachetable" in found(told, "cache table").remedy


@pytest.mark.parametrize(("skew", "level"), [(0.0, "ok"), (1.5, "ok"), (-90.0, "FAIL"), (90.0, "FAIL")])
def test_a_clock_that_goes_wrong_is_told(skew: float, level: str) -> None:
    asked_at = timezone.now().timestamp()
    assert str(clock_finding("clock", asked_at + skew, asked_at).level) == level


# --- The queue server and the workers -----------------------------------------------------------------------


def test_the_queue_server_as_it_should_be_is_well(redis_queue: Queue) -> None:
    told = levels(check_queue_server())
    assert told.pop("queue server memory") == "ok"
    assert set(told.values()) == {"ok"}


def test_a_server_that_may_forget_jobs_or_keeps_nothing_is_told(redis_queue: Queue) -> None:
    server: Any = redis_queue.connection
    try:
        server.config_set("maxmemory", "100mb")
        server.config_set("maxmemory-policy", "allkeys-lru")
        server.config_set("appendonly", "no")
        told = list(check_queue_server())
        assert str(found(told, "queue server memory").level) == "FAIL"
        assert "noeviction" in found(told, "queue server memory").remedy
        assert str(found(told, "queue server persistence").level) == "warn"
    finally:
        server.config_set("maxmemory", "0")
        server.config_set("maxmemory-policy", "noeviction")
        server.config_set("appendonly", "yes")


def test_a_server_that_takes_nothing_more_is_told(redis_queue: Queue) -> None:
    server: Any = redis_queue.connection
    try:
        server.config_set("maxmemory", "1")
        told = found(check_queue_server(), "queue server writes")
        assert str(told.level) == "FAIL"
    finally:
        server.config_set("maxmemory", "0")


def test_without_a_worker_it_says_how_to_start_one(redis_queue: Queue) -> None:
    [finding] = check_workers()
    assert (str(finding.level), "rqworker default" in finding.remedy) == ("FAIL", True)


@pytest.mark.processes
def test_a_worker_that_is_older_than_the_code_is_told(
    worker_process: "Popen[bytes]", monkeypatch: pytest.MonkeyPatch
) -> None:
    assert set(levels(check_workers()).values()) == {"ok"}
    monkeypatch.setattr(work, "newest_change", lambda _folder: timezone.now())
    assert levels(check_workers())["workers' code"] == "warn"


def test_what_waits_for_too_long_is_counted(transactional_db: None) -> None:
    member = make_member()
    assert set(levels(list(check_tasks())[:3]).values()) == {"ok"}
    long_ago = timezone.now() - timedelta(hours=1)
    Task.objects.create(user=member, name="export_posts", queued_at=long_ago, created_at=long_ago)
    Archive.objects.filter(pk=archive_of(member, b"{}").pk).update(mail_due_at=long_ago)
    told = levels(check_tasks())
    assert told["tasks waiting for over 10 minutes"] == told["late emails"] == told["abandoned tasks"] == "warn"


def test_emails_that_the_mail_server_refuses_because_of_the_site_are_told(transactional_db: None) -> None:
    task = Task.objects.create(user=make_member(), name="export_posts", status="failed", ended_at=timezone.now())
    FailureEmail.objects.create(task=task, mail_due_at=timezone.now(), mail_error="site-refused")
    assert levels(check_tasks())["emails refused because of the site"] == "warn"
    FailureEmail.objects.update(mail_due_at=None)
    told = levels(check_tasks())
    assert told["emails refused because of the site"] == "ok"
    assert told["emails given up in 7 days"] == "warn"


def test_housekeeping_that_is_late_or_fails_is_told(transactional_db: None) -> None:
    errors = {part.__name__: "" for part in REGULAR}
    housekeeping_note(worker="w", errors=errors)
    assert levels(check_housekeeping()) == {"housekeeping": "ok"}
    Housekeeping.objects.filter(name="tasks_forget").update(at=timezone.now() - timedelta(hours=1))
    Housekeeping.objects.filter(name="archives_expire").update(error="OSError: the disk is on fire")
    late, failing = check_housekeeping()
    assert (str(late.level), late.found) == ("warn", "not done recently: tasks_forget")
    assert (str(failing.level), failing.found) == ("warn", "archives_expire: OSError: the disk is on fire")


# --- Storage, machine, files --------------------------------------------------------------------------------


@pytest.fixture
def exports_in(settings: LazySettings) -> Callable[[Path], None]:
    """Return a function that has archives kept in a folder."""

    def choose(folder: Path) -> None:
        settings.STORAGES = {**settings.STORAGES, "exports": environment.exports_storage("", folder)}

    return choose


def test_a_storage_that_can_be_used_keeps_no_probe(
    transactional_db: None, exports_in: Callable[[Path], None], tmp_path: Path, settings: LazySettings
) -> None:
    exports_in(tmp_path / "exports")
    assert set(levels(check_archive_storage()).values()) == {"ok"}
    assert list((tmp_path / "exports").rglob("*")) == []
    (tmp_path / "exports").chmod(0o755)
    assert "chmod 700" in found(check_archive_storage(), "archive storage permissions").remedy
    settings.EXPORT_ACCEL_LOCATION = "/archives/"  # nginx sends them, and belongs to the group
    assert "chmod 750" in found(check_archive_storage(), "archive storage permissions").remedy
    (tmp_path / "exports").chmod(0o750)
    assert levels(check_archive_storage())["archive storage permissions"] == "ok"


def test_a_storage_that_cannot_be_written_is_told(
    transactional_db: None, exports_in: Callable[[Path], None], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")  # a read-only folder stops everybody but root
    exports_in(tmp_path / "file" / "exports")
    finding = found(check_archive_storage(), "archive storage")
    assert str(finding.level) == "FAIL"
    assert "could not be written" in finding.found


def test_archives_that_are_elsewhere_are_told(transactional_db: None) -> None:
    archive = archive_of(make_member(), b"{}")
    assert levels(check_archive_storage())["archive files"] == "ok"
    archive.file.storage.delete(str(archive.file.name))
    finding = found(check_archive_storage(), "archive files")
    assert (str(finding.level), finding.found) == ("FAIL", "1 of the newest 1 are not in the storage")


def test_a_disk_without_the_reserve_is_told(settings: LazySettings) -> None:
    assert "FAIL" not in levels(check_machine()).values()
    settings.EXPORT_FREE_SPACE_RESERVE = 10**18
    assert "FAIL" in levels(check_machine()).values()


def test_a_folder_that_anybody_can_look_into_is_told(production: LazySettings, tmp_path: Path) -> None:
    production.VAR_DIR = tmp_path
    tmp_path.chmod(0o755)
    assert str(found(check_machine(), "VAR_DIR").level) == "warn"
    tmp_path.chmod(0o750)
    assert str(found(check_machine(), "VAR_DIR").level) == "ok"


def test_static_files_have_to_be_collected_in_production(production: LazySettings, tmp_path: Path) -> None:
    production.STATIC_ROOT = tmp_path
    assert "collectstatic" in found(check_assets(), "static files").remedy
    (tmp_path / "staticfiles.json").write_text(json.dumps({"paths": {"old.css": "old.1.css"}}))
    assert "are not collected" in found(check_assets(), "static files").found


def test_a_translation_that_is_not_compiled_is_told(settings: LazySettings, tmp_path: Path) -> None:
    assert levels(check_assets())["translations"] == "ok"
    source = tmp_path / "es" / "LC_MESSAGES" / "django.po"
    source.parent.mkdir(parents=True)
    source.touch()
    settings.LOCALE_PATHS = [tmp_path]
    assert found(check_assets(), "translations").found == "not compiled: es"


# --- Mail ---------------------------------------------------------------------------------------------------


def test_a_mail_server_that_answers_is_sent_nothing(smtp_server: MailServer) -> None:
    assert levels(check_mail())["mail"] == "ok"
    assert smtp_server.messages == []


def test_a_mail_server_that_is_away_or_wants_no_sign_in_is_told(
    smtp_server: MailServer, settings: LazySettings
) -> None:
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "anna", "mail-secret"
    assert levels(check_mail())["mail"] == "FAIL"  # it knows no AUTH
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    smtp_server.replies = {"EHLO": "550 Not you"}
    assert levels(check_mail())["mail"] == "FAIL"
    smtp_server.stop()
    finding = found(check_mail(), "mail")
    assert (str(finding.level), "EMAIL_URL" in finding.remedy) == ("FAIL", True)


def test_mail_that_nobody_gets_is_a_fault_in_production_only(production: LazySettings) -> None:
    production.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    assert levels(check_mail())["mail"] == "FAIL"
    production.DEBUG = True
    assert levels(check_mail())["mail"] == "ok"
