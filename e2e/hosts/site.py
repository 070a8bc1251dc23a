"""All running hosts, with members who are signed in."""

import email
import email.policy
import errno
import socket
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from email.message import EmailMessage
from mailbox import Maildir
from pathlib import Path
from shutil import copytree
from types import TracebackType
from typing import Self

from django.conf import settings
from django.core.management import call_command
from django.db import OperationalError, connection

from e2e.chaos.population import populate_with
from e2e.chaos.workers import STARTED
from e2e.hosts.machines import MAIL_PORT, STORAGE_PORT, WEB_PORT, make_hosts, storage_endpoint
from e2e.hosts.visitors import Visit, Visitor
from tasks.models import Task, TaskStatus
from tests.bucket import make_bucket
from tests.waiting import wait_until

PORTS = {
    "database": 5432,
    "queue": 6379,
    "storage": STORAGE_PORT,
    "mail": MAIL_PORT,
    "web1": WEB_PORT,
    "web2": WEB_PORT,
}
WEB = ("web1", "web2")
WORKERS = ("worker1", "worker2")
SIZES = {"elena": 60_000, "carla": 300, "dmitri": 40_000, "boris": 1}
"""The members, and how much they wrote; no file of theirs is sent to the storage in parts."""


def database_answers() -> bool:
    """Return whether the database does more than take connections."""
    try:
        connection.ensure_connection()
    except OperationalError:
        return False
    return True


class Site:
    """A context manager: the hosts end with it."""

    def __init__(self, folder: Path, variables: Mapping[str, str]) -> None:
        self.hosts = make_hosts(folder, variables)
        self.members: list[Visitor] = []
        self._folder = folder
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            for name in ("database", "queue", "storage", "mail"):
                self.boot(name, stack)
            make_bucket(storage_endpoint())
            call_command("migrate", verbosity=0)
            call_command("collectstatic", verbosity=0, interactive=False)
            for name in (*WEB, *WORKERS):
                if name in WEB:
                    copytree(settings.STATIC_ROOT, self._folder / name / "static")
                self.boot(name, stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def boot(self, name: str, stack: ExitStack | None = None) -> None:
        """Boot a host, and wait until it answers; `stack` is to end it."""
        host = self.hosts[name]
        host.boot()
        if stack:
            stack.callback(host.lose_power)
        if name in PORTS:
            wait_until(lambda: self.answers(name), what=f"The host {name}", found=host.log.read_text)
        if name == "database":
            wait_until(database_answers, what="The database")

    def answers(self, name: str) -> bool:
        """Return whether a host takes connections."""
        assert not self.hosts[name].has_ended, self.hosts[name].log.read_text()
        try:
            socket.create_connection((self.hosts[name].address, PORTS[name]), 1).close()
        except OSError:
            return False
        return True

    def is_silent(self, name: str) -> bool:
        """Return whether a host that is there neither takes a connection nor refuses it."""
        try:
            socket.create_connection((self.hosts[name].address, PORTS.get(name, WEB_PORT)), 1).close()
        except TimeoutError:
            return True
        except OSError as error:
            return error.errno == errno.EHOSTUNREACH  # our own kernel has found no neighbour
        return False

    def admit(self, number: int) -> None:
        """Sign so many members in, and let them export."""
        machines = [self.hosts[name].address for name in WEB]
        for username in populate_with(dict(list(SIZES.items())[:number])):
            member = Visitor(username, machines, pause=0.3, seed=1)
            member.sign_in()
            member.start()
            self.members.append(member)
            self._stack.callback(member.leave)

    def is_at_work(self, name: str) -> bool:
        """Return whether an export runs, and for a while yet: on this host, if it is a worker's."""
        running = Task.objects.filter(status=TaskStatus.RUNNING, progress__range=(1, 60))
        if name in WORKERS:
            ours = {worker for worker, _pid in STARTED.findall(self.hosts[name].log.read_text())}
            return running.filter(worker__in=ours).exists()
        return running.exists()

    def visits(self) -> list[Visit]:
        """Return every request of every member."""
        return [visit for member in self.members for visit in list(member.visits)]

    def mails(self) -> Iterator[tuple[EmailMessage, list[str]]]:
        """Yield what arrived at the host of the mail, and for whom."""
        box = Maildir(self._folder / "mail/arrived")
        for key in box.keys():  # noqa: SIM118 - a mailbox is no mapping
            message = email.message_from_bytes(box.get_bytes(key), policy=email.policy.default)
            yield message, str(message["X-RcptTo"]).split(", ")

    def temporary_folders(self) -> list[Path]:
        """Return where jobs write to, on each machine."""
        return [self._folder / name / "tmp" for name in (*WEB, *WORKERS)]
