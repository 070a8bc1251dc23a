"""The processes of one release, each of which can be there or not."""

import os
import subprocess
import sys
from pathlib import Path
from typing import BinaryIO
from urllib.request import urlopen

from core.translations import compile_messages
from development.process_tree import kill_all, stop_in_order
from tests.mail_server import free_port
from tests.waiting import wait_until
from tools.previous_release import BASE_DIR


class Release:
    """Runs the code in `code`, with this environment; `guard` ends what it starts if this process is killed."""

    def __init__(self, name: str, code: Path, *, logs: Path, guard: BinaryIO) -> None:
        self.name = name
        self.code = code
        self.port = free_port()
        self._logs = logs
        self._guard = guard
        self._running: dict[str, int] = {}
        # Each has its own: a static file can be elsewhere in the other release.
        self._variables = {"STATIC_ROOT": str(logs / f"static-{name}")}

    def __str__(self) -> str:
        return self.name

    @property
    def url(self) -> str:
        """Return the address of its web server."""
        return f"http://127.0.0.1:{self.port}"

    def manage(self, *command: str) -> None:
        """Run a management command to the end; raises AssertionError with all that it says if it fails."""
        self.run("manage.py", *command)

    def run(self, *command: str) -> None:
        """Run Python in the code's folder to the end; raises AssertionError with all that it says if it fails."""
        result = subprocess.run(
            [sys.executable, *command],
            cwd=self.code,
            env=os.environ | self._variables,
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, f"{self.name}: {' '.join(command)}\n{result.stdout}{result.stderr}"

    def start_web(self) -> None:
        """Start the web server, and wait until it answers."""
        options = ["--workers", "1", "--threads", "4", "--bind", f"127.0.0.1:{self.port}"]
        self._start("web", "-m", "gunicorn", "microblog_project.wsgi", *options)
        wait_until(self._answers, what=f"The web server of {self.name}")

    def start_worker(self) -> None:
        """Start the worker."""
        self._start("worker", "manage.py", "rqworker", "default")

    def stop(self, what: str) -> None:
        """Stop the `web` server or the `worker` as an operator does."""
        stop_in_order([self._running.pop(what)])

    def end(self) -> None:
        """End all that runs."""
        for pid in self._running.values():
            kill_all(pid)

    def _start(self, what: str, *command: str) -> None:
        with (self._logs / f"{self.name}-{what}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, *command],
                cwd=self.code,
                env=os.environ | self._variables,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._guard.write(f"{process.pid}\n".encode())
        self._running[what] = process.pid

    def _answers(self) -> bool:
        try:
            with urlopen(f"{self.url}/accounts/login/", timeout=5):
                return True
        except OSError:
            return False


def check_out(release: str, folder: Path) -> Path:
    """Lay the code of a release into a new folder, ready to run; return the folder."""
    packed = subprocess.run(["git", "archive", release], cwd=BASE_DIR, stdout=subprocess.PIPE, check=True).stdout
    folder.mkdir(exist_ok=True)
    # Python's tarfile has safe defaults, or a way to ask for them, only since 3.11.4; Debian 12 has 3.11.2.
    subprocess.run(["tar", "--extract", "--directory", str(folder)], input=packed, check=True)
    compile_messages(folder / "locale")
    return folder


def same_requirements(code: Path) -> bool:
    """Return whether the release in `code` asks for the packages, and their versions, that are installed for ours."""
    name = "requirements.txt"
    return set((code / name).read_text().splitlines()) <= set((BASE_DIR / name).read_text().splitlines())
