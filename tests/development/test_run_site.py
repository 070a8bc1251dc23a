"""`run_site`: one command starts everything, and whatever ends it, nothing is left running."""

import errno
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import psutil
import pytest
from django.core.management.base import CommandError
from redis import Redis
from rq import Queue

from development import embedded_server
from development.embedded_server import BASE_DIR
from development.management.commands import run_site
from tests.faults.odd_jobs import path_of
from tests.mail_server import free_port
from tests.programs import find_program
from tests.running_site import RunningSite, manage, works_in
from tests.waiting import LIMIT, wait_until
from tests.workers import stop_process

pytestmark = pytest.mark.processes
StartSite = Callable[..., RunningSite]
ODD = {"DJANGO_SETTINGS_MODULE": "tests.faults.odd_settings"}


def get(site: RunningSite, path: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{site.port}{path}", timeout=10) as response:
        return str(response.read().decode())


def queue_of(site: RunningSite) -> Queue:
    return Queue("default", connection=Redis.from_url(embedded_server.url_of(site.var_dir)))


def refusal(site: RunningSite) -> str:
    """Return the one line with which the site refuses to start."""
    assert site.process.wait(LIMIT) != 0
    [line] = site.output.strip().splitlines()
    return line


@pytest.mark.short
def test_with_no_environment_it_starts_everything_and_ctrl_c_stops_everything(start_site: StartSite) -> None:
    site = start_site().wait_until_up()
    assert f"http://localhost:{site.port}/" in site.output
    assert "demo / demo-microblog" in site.output
    assert "\x1b" not in site.output
    assert "Microblog" in get(site, "/accounts/login/")
    assert "Mail of this development site" in get(site, "/dev/mail/")
    assert get(site, "/healthz") == "ok\n"
    assert [path for path in (site.var_dir, *site.var_dir.rglob("*")) if path.lstat().st_mode & 0o077] == []
    wait_until(lambda: queue_of(site).connection.scard("rq:workers:default") == 1, what="The worker")

    site.process.send_signal(signal.SIGINT)
    assert site.process.wait(LIMIT) == 0
    wait_until(lambda: not site.processes(), what="The end of everything")
    assert "Traceback" not in site.output


ODD_NAME = "a blank, a=b#c?d%41+e'f\"gñ"


@pytest.mark.parametrize("name", [ODD_NAME, "long" * 25])
def test_it_works_in_any_folder_and_needs_no_proxy(start_site: StartSite, tmp_path: Path, name: str) -> None:
    site = start_site(
        VAR_DIR=str(tmp_path / "var" / name), http_proxy="http://127.0.0.1:1", HTTP_PROXY="http://127.0.0.1:1"
    )
    site.wait_until_up()
    assert "Microblog" in get(site, "/accounts/login/")
    assert {"db.sqlite3", "queue", "secret_key"} <= {path.name for path in (tmp_path / "var" / name).iterdir()}
    wait_until(lambda: queue_of(site).connection.scard("rq:workers:default") == 1, what="The worker")
    assert "Traceback" not in site.output


def test_when_it_is_killed_nothing_is_left_and_the_next_start_takes_seconds(start_site: StartSite) -> None:
    killed = start_site(**ODD).wait_until_up()
    busy_worker(killed)
    before = {process.pid for process in killed.processes()}
    killed.process.kill()
    killed.process.wait()

    started = time.monotonic()
    again = start_site(PORT=killed.port).wait_until_up()
    assert time.monotonic() - started < 30
    wait_until(lambda: not before & {process.pid for process in again.processes()} - queue_server(again))


def queue_server(site: RunningSite) -> set[int]:
    """Return the queue server's process ids: a new site may keep the old one's."""
    return {process.pid for process in site.processes() if is_queue_server(process)}


def is_queue_server(process: psutil.Process) -> bool:
    command = process.cmdline()
    return "development.embedded_server" in command or "valkey-server" in command[0]


def busy_worker(site: RunningSite) -> psutil.Process:
    """Give the worker a long job; return the worker once a work-horse of its has the job."""
    worker = site.named("rqworker")
    queue_of(site).enqueue(path_of("sleep"), str(uuid4()))
    wait_until(worker.children, what="The work-horse")
    return worker


def test_a_worker_that_dies_stops_everything_with_an_error_its_work_horse_too(start_site: StartSite) -> None:
    site = start_site(**ODD).wait_until_up()
    busy_worker(site).kill()
    assert site.process.wait(LIMIT) == 1
    assert "The worker stopped with code -9, so everything stopped." in site.output
    wait_until(lambda: not site.processes(), what="The end of everything")


def test_closing_the_terminal_stops_everything(start_site: StartSite) -> None:
    site = start_site().wait_until_up()
    site.process.send_signal(signal.SIGHUP)
    assert site.process.wait(LIMIT) == 0
    wait_until(lambda: not site.processes(), what="The end of everything")


IN_TERMINAL = """
import os, sys
os.login_tty(int(sys.argv[1]))
os.execvp(sys.argv[2], sys.argv[2:])
"""


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    """Return the two ends of a terminal: ours, and that of the processes in it."""
    ours, theirs = os.openpty()
    yield ours, theirs
    for end in (ours, theirs):
        with suppress(OSError):
            os.close(end)


def test_closing_a_terminal_whose_first_process_is_make_leaves_nothing(
    terminal: tuple[int, int], tmp_path: Path
) -> None:
    ours, theirs = terminal
    variables = {"PATH": os.environ["PATH"], "VAR_DIR": str(tmp_path / "var"), "PORT": str(free_port())}
    if embedded_server.default_server_answers():
        variables["REDIS_URL"] = embedded_server.url_of(tmp_path / "var")
    # The set-up is as good as done: `.venv` belongs to the user who runs these tests.
    make = [find_program("make", package="make"), "--old-file=setup", "run", f"BIN={Path(sys.executable).parent}"]
    command = [sys.executable, "-c", IN_TERMINAL, str(theirs), *make]
    process = subprocess.Popen(command, cwd=BASE_DIR, env=variables, pass_fds=[theirs], start_new_session=True)
    os.close(theirs)
    said = b""
    while b"Ctrl-C stops everything" not in said:
        said += os.read(ours, 4096)  # fails when the last process in it has ended
    os.close(ours)
    process.wait(LIMIT)
    wait_until(
        lambda: not [each for each in psutil.process_iter() if works_in(each, tmp_path)], what="The end of everything"
    )


def test_it_stops_when_the_make_that_started_it_is_gone(start_site: StartSite) -> None:
    # Our own parent is not the one named: to the site that parent is gone.
    site = start_site("--parent", "1")
    assert site.process.wait(LIMIT) == 0
    assert "Stopping ..." in site.output
    wait_until(lambda: not site.processes(), what="The end of everything")


def test_web_server_and_worker_started_alone_share_one_queue_server(tmp_path: Path) -> None:
    var_dir, port = tmp_path / "var", free_port()
    url = embedded_server.url_of(var_dir)
    variables = {"VAR_DIR": str(var_dir), "PYTHONUNBUFFERED": "1"}
    if embedded_server.default_server_answers():  # the developer's own
        variables["REDIS_URL"] = url
    worker = manage(tmp_path / "worker.log", variables, "rqworker", "default")
    web = manage(tmp_path / "web.log", variables, "runserver", "--noreload", str(port))
    try:
        redis = Redis.from_url(url)
        wait_until(lambda: embedded_server.running_url(var_dir), what="The queue server")
        wait_until(lambda: redis.scard("rq:workers:default") == 1, what="The worker")
        wait_until(lambda: "Starting development server" in (tmp_path / "web.log").read_text(), what="The web server")
        stop_process(worker)
        assert redis.ping(), "the web server still uses it"
    finally:
        stop_process(worker)
        stop_process(web)
    wait_until(lambda: embedded_server.running_url(var_dir) is None, what="The queue server's end")


def test_a_port_that_is_not_ours_to_take_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    reserved = PermissionError(errno.EACCES, "Permission denied")
    monkeypatch.setattr(run_site, "error_of_listening", lambda _port: reserved)
    with pytest.raises(CommandError, match=r"Port 80 is reserved for root .* PORT=8080"):
        run_site.wait_for_port(80)


def test_the_port_that_is_suggested_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_site, "PORT_PATIENCE", 0)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 65535))
        other.listen()
        with pytest.raises(CommandError, match=r"Port 65535 is taken .* PORT=8000"):
            run_site.wait_for_port(65535)


def test_a_taken_port_is_one_clear_line(start_site: StartSite) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        line = refusal(start_site(PORT=str(port)))
    assert f"Port {port} is taken" in line
    assert "PORT=" in line


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"PORT": "http"}, "PORT='http' cannot be read"),
        ({"PORT": "70000"}, "PORT='70000' is not a port number"),
        ({"PORT": "-1"}, "PORT='-1' is not a port number"),
        ({"VAR_DIR": "/proc/nowhere"}, "cannot be written"),
        ({"DATABASE_URL": "nonsense"}, "DATABASE_URL 'nonsense' cannot be read"),
        ({"DATABASE_URL": "postgres://nobody@127.0.0.1:1/none"}, "The database none cannot be used"),
        ({"DATABASE_URL": "sqlite:////nowhere/at/all.sqlite3"}, "/nowhere/at/all.sqlite3 cannot be used"),
        ({"REDIS_URL": "nonsense"}, "REDIS_URL 'nonsense' cannot be read"),
        ({"SECRET_KEY": "secret"}, "run_site is for development"),
        ({"DEBUG": "0"}, "SECRET_KEY is not set"),
    ],
)
def test_a_wrong_setting_is_reported_in_one_clear_line(
    start_site: StartSite, variables: dict[str, str], words: str
) -> None:
    assert words in refusal(start_site(**variables))


def test_a_broken_database_file_is_one_clear_line(start_site: StartSite, tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "db.sqlite3").write_bytes(b"This is no database. " * 500)
    assert "file is not a database" in refusal(start_site())
