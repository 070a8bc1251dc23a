"""The small programs in `deploy/`: settings from a file, health checks, gunicorn's configuration, the Procfile."""

import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from development.embedded_server import BASE_DIR
from tests.deploy.web_server import WebServer
from tests.mail_server import free_port
from tests.waiting import wait_until
from tests.workers import child_environment, is_listening, stop_process

pytestmark = pytest.mark.processes

PRINT = "import os; print(*(os.environ.get(name) for name in ('A_NAME', 'SECOND', 'HOME')), sep='|')"


def run(*command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], **variables}
    return subprocess.run(command, cwd=BASE_DIR, env=environment, capture_output=True, text=True, check=False)


# --- with_environment -----------------------------------------------------------------------------------


def with_environment(path: Path, text: str) -> subprocess.CompletedProcess[str]:
    path.write_text(text)
    return run("deploy/with_environment", sys.executable, "-c", PRINT, MICROBLOG_ENV=str(path))


def test_a_command_receives_the_settings_verbatim(tmp_path: Path) -> None:
    text = '# A comment\n\nA_NAME=Microblog <no-reply@site.example> "$HOME" `id`\nSECOND=a=b#c'
    result = with_environment(tmp_path / "env", text)
    assert result.stdout == 'Microblog <no-reply@site.example> "$HOME" `id`|a=b#c|None\n'


def test_an_invalid_line_is_reported_without_its_value(tmp_path: Path) -> None:
    result = with_environment(tmp_path / "env", "A_NAME=1\nexport SECRET_KEY=hidden\n")
    assert (result.returncode, result.stdout) == (78, "")
    assert "this is no NAME=value: export SECRET_KEY" in result.stderr
    assert "hidden" not in result.stderr


def test_nothing_starts_without_the_environment_file(tmp_path: Path) -> None:
    result = run("deploy/with_environment", "echo", "ran", MICROBLOG_ENV=str(tmp_path / "none"))
    assert result.returncode != 0
    assert result.stdout == ""


def test_the_example_file_is_valid_and_lacks_only_the_key() -> None:
    result = run("deploy/with_environment", "env", MICROBLOG_ENV="deploy/env.example")
    assert "DEFAULT_FROM_EMAIL=Microblog <no-reply@microblog.example>" in result.stdout
    assert "SECRET_KEY=\n" in result.stdout


# --- Health checks --------------------------------------------------------------------------------------


def test_the_web_probe_distinguishes_a_living_server_from_a_dead_one(transactional_db: None, tmp_path: Path) -> None:
    variables = {"SITE_URL": "https://microblog.example", "BEHIND_TLS_PROXY": "1"}
    server = WebServer(tmp_path / "gunicorn.log", **variables)
    bind = {"WEB_BIND": f"0.0.0.0:{server.port}"}
    try:
        alive = run(sys.executable, "deploy/check_web.py", **variables, **bind)
    finally:
        server.stop()
    gone = run(sys.executable, "deploy/check_web.py", **variables, **bind)
    assert (alive.returncode, alive.stderr) == (0, "")
    assert gone.returncode == 1
    assert "Nobody answers" in gone.stderr


def test_the_worker_probe_distinguishes_a_living_worker_from_a_dead_one(
    worker_factory: Callable[..., "subprocess.Popen[bytes]"],
) -> None:
    queue_server = {"REDIS_URL": os.environ["REDIS_URL"]}
    nobody = run(sys.executable, "deploy/check_worker.py", **queue_server)
    worker = worker_factory()
    alive = run(sys.executable, "deploy/check_worker.py", **queue_server)
    stop_process(worker)
    gone = run(sys.executable, "deploy/check_worker.py", **queue_server)
    away = run(sys.executable, "deploy/check_worker.py", REDIS_URL="unix:///nobody.sock")
    assert [check.returncode for check in (nobody, alive, gone, away)] == [1, 0, 1, 1]
    assert "has been heard of" in nobody.stderr
    assert "does not answer" in away.stderr


# --- The Procfile ---------------------------------------------------------------------------------------


def procfile() -> dict[str, str]:
    lines = (BASE_DIR / "Procfile").read_text().splitlines()
    return dict(line.split(": ", 1) for line in lines if line and not line.startswith("#"))


def start(kind: str, log: Path, **variables: str) -> "subprocess.Popen[bytes]":
    """Start a process as such a host does: a shell, the line, and the port in the environment."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    with log.open("ab") as output:
        return subprocess.Popen(
            ["bash", "-c", procfile()[kind]],
            cwd=BASE_DIR,
            env=child_environment(PATH=path, **variables),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )


def test_each_line_of_the_procfile_runs_and_stops_at_one_signal(
    worker_factory: object,
    tmp_path: Path,  # the fixture ends what may be left
) -> None:
    port = free_port()
    log = tmp_path / "log"
    assert start("release", log).wait(60) == 0, log.read_text()
    web, worker = start("web", log, PORT=str(port), WEB_CONCURRENCY="1"), start("worker", log)
    try:
        check = {"WEB_BIND": f"0.0.0.0:{port}", "SITE_URL": f"http://localhost:{port}"}
        wait_until(lambda: run(sys.executable, "deploy/check_web.py", **check).returncode == 0, found=log.read_text)
        wait_until(lambda: is_listening(worker, log), found=log.read_text)
    finally:
        for process in (web, worker):
            process.terminate()
        assert [process.wait(30) for process in (web, worker)] == [0, 0]


def test_the_procfile_has_what_such_hosts_start() -> None:
    assert procfile().keys() == {"web", "worker", "release"}
    assert all(shlex.split(line) for line in procfile().values())
