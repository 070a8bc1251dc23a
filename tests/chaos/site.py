"""The site at work: queue server, mail server, web server, workers, and members who are signed in."""

import os
import subprocess
import sys
import urllib.request
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from exports.models import Task
from microblog_project import guard
from microblog_project.embedded_server import BASE_DIR
from microblog_project.process_tree import kill_all
from tests.chaos.members import Member
from tests.chaos.servers import SlowMailServer
from tests.chaos.workers import Workers
from tests.faults.queue_servers import QueueServer
from tests.waiting import wait_until


class Site:
    """A context manager: what it starts is gone afterwards, also when this process is killed."""

    def __init__(self, folder: Path, *, workers: int) -> None:
        self._folder = folder
        self._number = workers
        self._stack = ExitStack()
        self.members: list[Member] = []

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            watch = guard.start()
            stack.callback(watch.close)
            self.queue = QueueServer(self._folder)
            stack.callback(self.queue.kill)
            self.mail = SlowMailServer()
            stack.callback(self.mail.stop)
            os.environ["EMAIL_URL"] = self.mail.url  # for the workers
            self.workers = Workers(self._folder / "workers.log", self._number, watch)
            stack.callback(self.workers.stop)
            web = self._start_web()
            stack.callback(kill_all, web)
            watch.write(f"{web}\n".encode())
            wait_until(self._answers, 30, what="The web server")
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @property
    def url(self) -> str:
        """Return the site's address."""
        return f"http://127.0.0.1:{os.environ['PORT']}"

    def _start_web(self) -> int:
        options = ["--workers", "2", "--threads", "4", "--bind", f"127.0.0.1:{os.environ['PORT']}"]
        with (self._folder / "web.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "microblog_project.wsgi", *options],
                cwd=BASE_DIR,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            ).pid

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/accounts/login/", timeout=5):
                return True
        except OSError:
            return False

    def admit(self, usernames: list[str], *, pause: float, seed: int) -> None:
        """Sign the members in, and let them export."""
        for username in usernames:
            member = Member(username, self.url, pause=pause, seed=seed)
            member.sign_in()
            member.start()
            self.members.append(member)
            self._stack.callback(member.leave)

    def is_told_that_nobody_works(self, task: Task) -> bool:
        """Return whether the task's member was told that no worker is there."""
        return any(member.is_told_that_nobody_works(str(task.pk)) for member in self.members)

    @property
    def troubles(self) -> Counter[str]:
        """Return what the web server answered that was no answer, over all members."""
        return sum((member.troubles for member in self.members), Counter())
