"""Members who go from one release to the other, with one browser, as behind a load balancer."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Self

from e2e.chaos.members import KINDS, Member
from e2e.releases.release import Release
from tests.waiting import wait_until

PATIENCE = 240
"""Seconds that an archive of a hundred thousand posts may take, on a machine that runs all tests beside it."""
OVER = {"succeeded", "failed", "cancelled"}


class Traveller(Member):
    """A member; `member.at(release)` is the same one, whose next request goes there."""

    def __init__(self, username: str, release: Release) -> None:
        super().__init__(username, release.url, pause=0.1, seed=1)
        self._release = release

    def at(self, release: Release) -> Self:
        """Go there."""
        self._url, self._release = release.url, release
        return self

    def sees(self, path: str, words: str) -> bool:
        """Return whether a page says that; raises AssertionError if there is no such page."""
        status, body = self.ask(path)
        assert status == 200, f"{self.username} asked {self._release} for /{path} and was answered {status}"
        return words in body.decode()

    def sends(self, path: str, **fields: str) -> None:
        """Send a form; raises AssertionError unless it is taken."""
        status, body = self.ask(path, **fields or {"x": ""})
        answer = f"{status} {body[:2000].decode()}"
        assert status == 302, f"{self.username} sent a form to {self._release} at /{path} and was answered {answer}"

    def exports(self, kind: str) -> str:
        """Start an export; return its task's id."""
        self.poll()
        before = set(self.news)
        self.sends("exports/", kind=kind)
        self.poll()
        [task_id] = [one for one in self.news if one not in before and self.news[one]["name"] == KINDS[kind]]
        return task_id

    def status_of(self, task_id: str) -> str:
        """Return what the member was told last of a task."""
        self.poll()
        return str(self.news[task_id]["status"])

    def waits_for(self, task_id: str, *statuses: str) -> None:
        """Wait until the member is told of one of the statuses, and of no other that is final."""
        expected = statuses or ("succeeded",)
        told = wait_until(
            lambda: (status := self.status_of(task_id)) in {*expected, *OVER} and status,
            PATIENCE,
            interval=0.2,
            what=f"{' or '.join(expected)} for {self.username}",
            found=lambda: self.news[task_id],
        )
        assert told in expected, f"{self.username} was told: {self.news[task_id]}"

    def downloads_from(self, release: Release, task_id: str) -> str:
        """Download a file there; return its SHA-256."""
        assert self.at(release).download(task_id) == 200, f"{release} does not hand out {task_id}"
        return self.downloads[task_id]


@contextmanager
def polling(members: list[Traveller], releases: list[Release]) -> Iterator[None]:
    """Let members read pages and poll both releases, as tabs do; raise AssertionError for any problem."""
    is_over = Event()
    tabs = [Traveller(member.username, releases[0]) for member in members]

    def look(tab: Traveller) -> None:
        while not is_over.wait(1):
            for release in releases:
                tab.at(release).poll()
                tab.ask("exports/")

    for tab in tabs:
        tab.sign_in()
    threads = [Thread(target=look, args=(tab,), daemon=True) for tab in tabs]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        is_over.set()
        for thread in threads:
            thread.join()
    troubles = {tab.username: dict(tab.troubles) for tab in tabs if tab.troubles}
    assert not troubles, f"What the site could not answer: {troubles}"
