"""`manage.py doctor`: a line for each finding, with the hint, whatever is broken, and never a secret."""

import json
import os
import socket
import subprocess
import sys
from io import StringIO
from pathlib import Path
from subprocess import Popen

import pytest
from django.conf import LazySettings
from django.core.management import call_command

from core.health import CHECKS
from development.embedded_server import BASE_DIR
from tests.mail_server import MailServer, free_port


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


@pytest.mark.processes
def test_with_everything_broken_it_says_so_and_prints_no_secret(tmp_path: Path) -> None:
    result = doctor(
        "--json",
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
    findings = json.loads(result.stdout)["findings"]
    failing = [finding for finding in findings if finding["status"] == "failing"]
    assert {finding["check"] for finding in failing} >= {
        "settings", "database", "migrations", "queue", "worker", "storage", "archive storage", "mail", "static files"
    }  # fmt: skip
    assert all(finding["text"] and finding["hint"] for finding in failing)
    settings = " ".join(finding["text"] for finding in failing if finding["check"] == "settings")
    assert "(security.W009)" in settings
    assert "(microblog.E002)" in settings
    assert "Traceback" not in result.stdout + result.stderr
    for secret in ("short-and", "data", "queue", "mail", "key", "bucket"):
        assert f"{secret}-secret" not in result.stdout + result.stderr


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
    late = {finding["check"] for finding in told["findings"] if "no answer in 2 seconds" in finding["text"]}
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


def test_a_site_that_is_well_ends_with_0_and_sends_a_test_email_on_request(
    transactional_db: None,
    worker_process: "Popen[bytes]",
    smtp_server: MailServer,
    settings: LazySettings,
) -> None:
    settings.DEBUG = True  # a development site is not asked for https
    out = StringIO()
    call_command("doctor", "--send-mail", "anna@example.com", stdout=out)
    *lines, counts = out.getvalue().splitlines()
    assert counts.endswith("0 failing")
    assert {line[9:].partition(":")[0] for line in lines} >= {*CHECKS, "test email"}
    assert smtp_server.recipients == [["anna@example.com"]]
