"""The site as `make run` starts it, in a folder of its own, with an environment of its own."""

import os
import subprocess
import sys
from pathlib import Path

import psutil

from development import embedded_server
from development.embedded_server import BASE_DIR
from tests.waiting import wait_until


class RunningSite:
    """A `manage.py run_site` process and what it says."""

    def __init__(self, var_dir: Path, log: Path, options: tuple[str, ...], variables: dict[str, str]) -> None:
        self.var_dir = var_dir
        self.log = log
        self.port = variables["PORT"]
        self.variables = variables | {"VAR_DIR": str(var_dir)}
        if embedded_server.default_server_answers():  # the developer's own, which the site would use
            self.variables.setdefault("REDIS_URL", embedded_server.url_of(var_dir))
        self.process = manage(log, self.variables, "run_site", *options)

    @property
    def output(self) -> str:
        """Return what it has said so far."""
        return self.log.read_text()

    @property
    def is_up(self) -> bool:
        """Return whether it has said that it is ready; fail if it has ended."""
        assert self.process.poll() is None, self.output
        return "Ctrl-C stops everything" in self.output

    def wait_until_up(self) -> "RunningSite":
        """Return when it has said that it is ready."""
        wait_until(lambda: self.is_up, 60, what="The site")
        return self

    @property
    def url(self) -> str:
        """Return its address."""
        return f"http://localhost:{self.port}"

    def manage(self, *command: str) -> str:
        """Run a management command on its database to the end; return everything that it says."""
        log = self.log.with_name("manage.log")
        log.write_bytes(b"")
        assert manage(log, self.variables, *command).wait() == 0, log.read_text()
        return log.read_text()

    def processes(self) -> list[psutil.Process]:
        """Return every living process that works in this site's folder, regardless of its parent."""
        return [process for process in psutil.process_iter() if works_in(process, self.var_dir)]

    def named(self, word: str) -> psutil.Process:
        """Return its process with `word` in the command."""
        [process] = [process for process in self.processes() if word in process.cmdline()]
        return process


def works_in(process: psutil.Process, var_dir: Path) -> bool:
    """Return whether the process has `var_dir` in its environment or its command, and has not ended."""
    try:
        places = [process.environ().get("VAR_DIR", ""), *process.cmdline()]
        return process.status() != psutil.STATUS_ZOMBIE and any(place.startswith(str(var_dir)) for place in places)
    except psutil.Error:
        return False


def manage(log: Path, variables: dict[str, str], *command: str) -> "subprocess.Popen[bytes]":
    """Start a management command with these environment variables only, writing to `log`."""
    with log.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "manage.py", *command],
            cwd=BASE_DIR,
            env={"PATH": os.environ["PATH"]} | variables,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            umask=0o022,  # as in most people's shells
        )
