"""Members who reach the site as through a load balancer: each request goes to the next web machine that answers."""

import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection, HTTPResponse
from itertools import count
from typing import Any
from urllib.parse import urlsplit
from urllib.request import HTTPHandler, Request

from e2e.chaos.members import Member
from e2e.hosts.machines import SITE, WEB_PORT

CONNECTING = 1.0  # seconds until the next machine is tried
PATIENCE = 30.0  # seconds for an answer


@dataclass(frozen=True)
class Visit:
    """A request, and how it was answered."""

    page: str
    machine: str
    status: int
    """0 if there was no answer."""
    started: float
    """By the monotonic clock, in seconds."""
    ended: float

    @property
    def seconds(self) -> float:
        """Return how long it took."""
        return self.ended - self.started


class BalancedConnection(HTTPConnection):
    """A connection to one of several machines, whatever host is asked for."""

    def __init__(self, host: str, *, machines: Sequence[str], **options: Any) -> None:
        super().__init__(host, **options | {"timeout": PATIENCE})
        self.machines = machines
        self.reached = ""

    def connect(self) -> None:
        """Connect to the first that takes the connection; raises OSError if none does."""
        for machine in self.machines:
            try:
                self.sock = socket.create_connection((machine, WEB_PORT), CONNECTING)
            except OSError as error:
                refused = error
                continue
            self.sock.settimeout(PATIENCE)
            self.reached = machine
            return
        raise refused


class LoadBalancer(HTTPHandler):
    """Takes what is for the site to its machines in turn; `visits` is how each request was answered."""

    def __init__(self, machines: Sequence[str]) -> None:
        super().__init__()
        self.visits: list[Visit] = []
        self._machines = machines
        self._turns = count()

    def http_open(self, req: Request) -> HTTPResponse:
        """Send a request; what is for another host, such as the storage, goes there."""
        if req.host != SITE:
            req.timeout = PATIENCE
            return super().http_open(req)
        turn = next(self._turns) % len(self._machines)
        order = [*self._machines[turn:], *self._machines[:turn]]
        made: list[BalancedConnection] = []
        status, started = 0, time.monotonic()
        try:
            answer = self.do_open(partial(self._connection, made, order), req)
            status = answer.status
        finally:
            machine = made[0].reached if made else ""
            self.visits.append(Visit(page_of(req), machine, status, started, time.monotonic()))
        return answer

    @staticmethod
    def _connection(made: list[BalancedConnection], order: Sequence[str], host: str, **options: Any) -> HTTPConnection:
        made.append(BalancedConnection(host, machines=order, **options))
        return made[0]


def page_of(request: Request) -> str:
    """Return the kind of page, for any member."""
    path = urlsplit(request.selector).path
    if path.endswith("/download/"):
        return "a download"
    return path if request.get_method() == "GET" else f"{request.get_method()} {path}"


class Visitor(Member):
    """A member who looks at pages too."""

    def __init__(self, username: str, machines: Sequence[str], *, pause: float, seed: int) -> None:
        self._balancer = LoadBalancer(machines)
        super().__init__(username, f"http://{SITE}", pause=pause, seed=seed, handlers=[self._balancer])

    @property
    def visits(self) -> list[Visit]:
        """Return all requests to the site so far."""
        return self._balancer.visits

    def turn(self) -> None:
        """Do what a member does between two pauses."""
        self.ask("")
        self.ask("exports/")
        super().turn()
