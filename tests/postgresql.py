"""A throw-away PostgreSQL for a test run: in a temporary folder, on a Unix socket, gone with its parent."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import quote

from development.embedded_server import die_with_parent
from tests.waiting import wait_until


class PostgresUnavailableError(Exception):
    """This machine cannot start a PostgreSQL; the message says what is missing."""


class Cluster:
    """A running PostgreSQL; `url` is its DATABASE_URL."""

    def __init__(self, *, may_crash: bool = False, tcp_port: int = 0) -> None:
        """Start it; one that `may_crash` keeps what was committed. With `tcp_port` it listens on loopback, too."""
        self.port = str(tcp_port or 5432)
        self._tcp = {"listen_addresses": "127.0.0.1" if tcp_port else "", "port": self.port}
        self._may_crash = may_crash
        self.programs = find_programs()
        self.folder = Path(tempfile.mkdtemp(prefix="microblog-pg-"))
        self.account = server_account()
        if name := self.account.get("user"):
            shutil.chown(self.folder, name)
        self.url = f"postgres://postgres@/postgres?host={quote(str(self.folder))}"
        self._server: subprocess.Popen[bytes] | None = None
        self._data = str(self.folder / "data")
        self._run("initdb", "-D", self._data, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "-N")
        self.start()

    def start(self) -> None:
        """Start the server, for the first time or after a `crash`; one that runs goes on."""
        if self._server and self._server.poll() is None:
            return
        options = {
            **self._tcp,
            "unix_socket_directories": str(self.folder),
            # What a crash of the machine would lose is thrown away anyway.
            "fsync": "off",
            "synchronous_commit": "on" if self._may_crash else "off",
            "full_page_writes": "off",
        }
        with (self.folder / "log").open("ab") as log:
            self._server = subprocess.Popen(
                [
                    str(self.programs / "postgres"),
                    "-D",
                    self._data,
                    *(f"--{name}={value}" for name, value in options.items()),
                ],
                cwd=self.folder,
                stdout=log,
                stderr=log,
                preexec_fn=die_with_parent(signal.SIGINT, os.getpid()),  # noqa: PLW1509 - there are no threads
                **self.account,
            )
        wait_until(self._is_ready, 30, what="PostgreSQL")

    def crash(self) -> None:
        """End the server at once (PostgreSQL's "immediate"): it finishes nothing, and drops every connection."""
        self._end(signal.SIGQUIT)

    def _is_ready(self) -> bool:
        return self._run("pg_isready", "-q", "-h", str(self.folder), "-p", self.port, check=False).returncode == 0

    def _run(self, program: str, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[bytes]:
        command = [str(self.programs / program), *arguments]
        return subprocess.run(command, cwd=self.folder, stdout=subprocess.DEVNULL, check=check, **self.account)

    def _end(self, signal_number: signal.Signals) -> None:
        if self._server:
            self._server.send_signal(signal_number)
            self._server.wait(30)

    def stop(self) -> None:
        """Stop the server and remove its folder."""
        self._end(signal.SIGINT)  # PostgreSQL's "fast": it drops the connections
        shutil.rmtree(self.folder, ignore_errors=True)


def find_programs() -> Path:
    """Return the folder of PostgreSQL's programs, the newest one of Debian's if none is on the PATH."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name.split(".")[0]))
    if not folders:
        raise PostgresUnavailableError("PostgreSQL is not installed; on Debian: apt install postgresql")
    return folders[-1]


def server_account() -> dict[str, Any]:
    """Return whose processes these are: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    try:
        pwd.getpwnam("postgres")
    except KeyError as error:
        raise PostgresUnavailableError(
            "the tests run as root and there is no user 'postgres' to run PostgreSQL"
        ) from error
    return {"user": "postgres", "group": "postgres", "extra_groups": []}
