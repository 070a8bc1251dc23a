"""The events of a soak: processes are killed, stopped and replaced, and releases are deployed."""

import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from signal import SIGKILL, SIGTERM

from django.core.management import call_command

from e2e.whole_site import WholeSite

AFTERWARDS = 3.0  # seconds after a restart in which a request may still have met it


class Events:
    """Makes them happen, one after the other, over and over again."""

    def __init__(self, site: WholeSite) -> None:
        self.count = 0
        self.gaps: list[tuple[float, float]] = []
        """The times at which the web server was unavailable, in seconds since 1970: there is no proxy in front."""
        self._site = site
        self._chance = random.Random(22)
        self._turn = self._turns()

    def next(self) -> str:
        """Cause the next event; return its description."""
        event = next(self._turn)
        event()
        self.count += 1
        return event.__name__.strip("_").replace("_", " ")

    def is_in_gap(self, moment: float) -> bool:
        """Return whether the web server was away at that moment."""
        return any(begin <= moment <= end for begin, end in self.gaps)

    def _turns(self) -> Iterator[Callable[[], None]]:
        events = (self._worker_stopped, self._worker_killed, self._web_reloaded, self._web_restarted, self._release)
        while True:
            yield from events

    def _worker_stopped(self) -> None:
        self._signal_a_worker(SIGTERM)

    def _worker_killed(self) -> None:
        self._signal_a_worker(SIGKILL)

    def _signal_a_worker(self, signal_number: int) -> None:
        with suppress(ProcessLookupError, IndexError):
            os.kill(self._chance.choice(self._site.workers.alive()), signal_number)

    def _web_reloaded(self) -> None:
        self._site.reload_web()

    def _web_restarted(self) -> None:
        with self._gap():
            self._site.restart_web()

    def _release(self) -> None:
        """Migrate, and replace every process by one with the new code; here it is the same."""
        call_command("migrate", verbosity=0)
        call_command("collectstatic", verbosity=0, interactive=False)
        for pid in self._site.workers.alive():
            with suppress(ProcessLookupError):
                os.kill(pid, SIGTERM)
        self._site.reload_web()

    @contextmanager
    def _gap(self) -> Iterator[None]:
        begin = time.time()
        yield
        self.gaps.append((begin - AFTERWARDS, time.time() + AFTERWARDS))
