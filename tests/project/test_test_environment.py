"""The fixtures that everything else relies on."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest
from django.conf import settings
from django.core.mail import send_mail
from rq import Queue

from accounts.models import User
from development.embedded_server import BASE_DIR
from tests.browser_options import browser_problem
from tests.faults import odd_jobs
from tests.mail_server import MailServer
from tests.members import make_member
from tests.programs import find_program
from tests.waiting import wait_until


def upper(text: str) -> str:
    return text.upper()


def test_each_run_has_its_own_var_dir_and_queue_server() -> None:
    assert "microblog-test-" in str(settings.VAR_DIR)
    assert "microblog-test-" in settings.REDIS_URL


def test_the_burst_worker_runs_jobs_in_the_tests_transaction(
    member: User, redis_queue: Queue, run_worker: Callable[[], None]
) -> None:
    redis_queue.enqueue(odd_jobs.rename_first_member, str(uuid4()))
    with odd_jobs.registered():
        run_worker()
    assert User.objects.get().username == "anna"


def test_a_real_worker_sees_the_tests_database(
    transactional_db: None,
    redis_queue: Queue,
    worker_factory: Callable[..., "subprocess.Popen[bytes]"],
) -> None:
    make_member("susan")
    worker_factory(DJANGO_SETTINGS_MODULE="tests.faults.odd_settings")
    redis_queue.enqueue(odd_jobs.rename_first_member, str(uuid4()))
    assert wait_until(lambda: User.objects.filter(username="anna").exists())


def test_mail_reaches_the_smtp_server(smtp_server: MailServer) -> None:
    send_mail("Hello", "Body", "a@example.com", ["b@example.com"])
    assert smtp_server.messages[0]["Subject"] == "Hello"
    assert smtp_server.recipients == [["b@example.com"]]


@pytest.mark.browser
def test_the_browser_starts(page, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    page.set_content("<h1>Microblog</h1>")
    assert page.inner_text("h1") == "Microblog"


@pytest.mark.parametrize(("in_ci", "outcome"), [(False, pytest.skip.Exception), (True, pytest.fail.Exception)])
def test_a_program_that_is_not_there_skips_its_test_but_fails_it_in_ci(
    monkeypatch: pytest.MonkeyPatch, in_ci: bool, outcome: type[BaseException]
) -> None:
    monkeypatch.setattr("tests.programs.IN_CI", in_ci)
    with pytest.raises(outcome, match="apt install some-package"):
        find_program("no-such-program", package="some-package")


def test_ci_installs_every_program_that_a_test_asks_for() -> None:
    script = (BASE_DIR / ".ci/run").read_text()
    texts = [path.read_text() for path in (BASE_DIR / "tests").rglob("*.py") if path != Path(__file__)]
    packages = {package for text in texts for package in re.findall(r'find_program\(.*package="(.+?)"', text)}
    assert packages
    assert {package for package in packages if f"lacking+=({package})" not in script} == set()


def test_a_browser_driver_that_does_not_start_is_a_problem_with_a_remedy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tests.browser_options.find_chromium", lambda: tmp_path)
    monkeypatch.setattr("tests.browser_options.compute_driver_executable", lambda: ("false", ""))
    assert "apt install libatomic1" in browser_problem()


WITHOUT_POSTGRESQL = """
import sys
import pytest
from tests import postgresql

def find_programs():
    raise postgresql.PostgresUnavailableError("it is not here")

postgresql.find_programs = find_programs
sys.exit(pytest.main(["tests/operations/test_health.py"]))
"""


@pytest.mark.parametrize(("ci", "code"), [("", 0), ("true", 4)])
def test_without_postgresql_its_run_is_skipped_but_fails_in_ci(ci: str, code: int) -> None:
    result = subprocess.run(
        [sys.executable, "-c", WITHOUT_POSTGRESQL],
        cwd=settings.BASE_DIR,
        env={**without_xdist(), "TEST_DATABASE": "postgresql", "CI": ci},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert result.returncode == code, result.stdout
    [line] = result.stdout.strip().splitlines()
    assert "it is not here" in line


def without_xdist() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
