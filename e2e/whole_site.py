"""The whole running site: queue server, mail server, workers and web server, with the settings of the environment."""

import os
import subprocess
import sys
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from signal import SIGHUP
from types import TracebackType
from typing import BinaryIO, Self

from development import watchdog
from development.embedded_server import BASE_DIR
from development.process_tree import kill_all, stop_in_order
from e2e.chaos.workers import Workers
from tests.faults.queue_servers import QueueServer
from tests.mail_server import MailServer
from tests.waiting import wait_until


class WholeSite:
    """A context manager: what it starts is gone afterwards, also when this process is killed."""

    def __init__(self, folder: Path, *, workers: int, mail_server: type[MailServer] = MailServer) -> None:
        self._folder = folder
        self._number = workers
        self._mail_server = mail_server
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._watch: BinaryIO = watchdog.start()
            stack.callback(self._watch.close)
            self.queue = QueueServer(self._folder)
            stack.callback(self.queue.kill)
            self.mail = self._mail_server()
            stack.callback(self.mail.stop)
            os.environ["EMAIL_URL"] = self.mail.url  # for the workers
            self.workers = Workers(self._folder / "workers.log", self._number, self._watch)
            stack.callback(self.workers.stop)
            self.start_web()
            stack.callback(lambda: kill_all(self.web))
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @property
    def port(self) -> int:
        """Return the web server's port of 127.0.0.1."""
        return int(os.environ["PORT"])

    @property
    def url(self) -> str:
        """Return the site's address."""
        return f"http://127.0.0.1:{self.port}"

    def start_web(self) -> None:
        """Start the web server, and wait until it answers."""
        with (self._folder / "web.log").open("ab") as log:
            self.web = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "--config", "deploy/gunicorn.conf.py"],
                cwd=BASE_DIR,
                env=os.environ | {"WEB_BIND": f"127.0.0.1:{self.port}"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            ).pid
        self._watch.write(f"{self.web}\n".encode())
        try:
            wait_until(self._answers, 30, what="The web server")
        except BaseException:
            kill_all(self.web)
            raise

    def restart_web(self) -> None:
        """Stop the web server as a supervisor would, and start another."""
        stop_in_order([self.web])
        self.start_web()

    def reload_web(self) -> None:
        """Have the web server replace its processes without a gap."""
        os.kill(self.web, SIGHUP)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/accounts/login/", timeout=5):
                return True
        except OSError:
            return False
