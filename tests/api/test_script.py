"""The script of docs/api.md, executed as it is written there: real curl, real web server, real worker."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from subprocess import Popen

import pytest
from django.conf import settings

from accounts.models import User
from api.models import ApiToken
from exports.verification import verify_archive
from tasks.models import Task
from tests.api.conftest import token_of
from tests.mail_server import free_port
from tests.programs import find_program
from tests.web_server import web_server

SCOPES = ("exports:read", "exports:write", "exports:download")
PAGE = (Path(settings.BASE_DIR) / "docs" / "api.md").read_text()


def block(language: str) -> str:
    """Return the page's only block of that language."""
    [found] = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return str(found)


@pytest.fixture
def home(tmp_path: Path, susan: User) -> Path:
    """A member's home, with the script and a token of Susan's, as the page says."""
    find_program("curl", package="curl")
    find_program("jq", package="jq")
    for folder in ("bin", ".config", "backups"):
        (tmp_path / folder).mkdir()
    config = tmp_path / ".config" / "microblog.curl"
    [line] = re.findall(r"^oauth2-bearer.*$", PAGE, re.MULTILINE)
    config.write_text(line.replace("mbt_...", token_of(susan, *SCOPES)))
    config.chmod(0o600)
    script = tmp_path / "bin" / "microblog-backup"
    script.write_text(block("sh"))
    script.chmod(0o700)
    return tmp_path


@pytest.fixture
def site(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A running web server; returns its address, which its answers name, too."""
    port = free_port()
    monkeypatch.setattr("tests.deploy.web_server.free_port", lambda: port)
    address = f"http://127.0.0.1:{port}"
    variables = {"SITE_URL": address, "EXPORT_COOLDOWN": "0", "EXPORT_START_LIMIT": "0", "DEBUG": "1"}
    with web_server(home / "web.log", variables):
        yield address


def run_cron_line(home: Path, address: str) -> "subprocess.CompletedProcess[str]":
    """Run the line's command as cron does, on this site."""
    command = block("cron").split(maxsplit=5)[5].replace("https://microblog.example", address)
    environment = {"HOME": str(home), "PATH": os.environ["PATH"]}
    return subprocess.run(["sh", "-c", command], env=environment, capture_output=True, text=True, check=False)


def backups(home: Path) -> list[str]:
    return sorted(path.name for path in (home / "backups").iterdir())


def test_the_cron_line_fetches_a_sound_archive_and_says_nothing(
    home: Path, site: str, worker_process: "Popen[bytes]"
) -> None:
    run = run_cron_line(home, site)
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")
    [name] = backups(home)
    assert re.fullmatch(r"microblog-\d{4}-\d\d-\d\d\.zip", name)
    archive = home / "backups" / name
    assert verify_archive(archive).counts["posts"] == 3
    assert archive.stat().st_mode & 0o077 == 0
    assert "mbt_" not in (home / "web.log").read_text()
    again = run_cron_line(home, site)
    assert (again.returncode, backups(home)) == (0, [name])


def test_a_file_that_was_changed_on_the_way_is_not_kept_as_a_backup(
    home: Path, site: str, worker_process: "Popen[bytes]"
) -> None:
    script = home / "bin" / "microblog-backup"
    script.write_text(script.read_text().replace("\necho ", '\nprintf x >> "$archive.part"\necho '))
    run = run_cron_line(home, site)
    assert run.returncode != 0
    assert "FAILED" in run.stdout
    assert [Path(name).suffix for name in backups(home)] == [".part"]


@pytest.mark.short
def test_a_revoked_token_is_told(home: Path, site: str) -> None:
    ApiToken.objects.all().delete()
    run = run_cron_line(home, site)
    assert run.returncode != 0
    assert "invalid_token" in run.stderr
    assert backups(home) == []


@pytest.mark.short
def test_an_export_that_is_in_progress_is_told(home: Path, site: str, susan: User) -> None:
    Task.objects.create(user=susan, name="export_archive")
    run = run_cron_line(home, site)
    assert run.returncode != 0
    assert "already_active" in run.stderr
    assert backups(home) == []
