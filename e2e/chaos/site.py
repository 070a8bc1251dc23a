"""The running site, with members who are signed in."""

from collections import Counter
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

from e2e.chaos.api_clients import ApiClient
from e2e.chaos.importers import Importer
from e2e.chaos.members import Member
from e2e.chaos.servers import SlowMailServer
from e2e.chaos.timetable import Timetable
from e2e.whole_site import WholeSite
from tasks.models import Task


class Site(WholeSite):
    """A context manager: what it starts is gone afterwards, also when this process is killed."""

    def __init__(self, folder: Path, *, workers: int) -> None:
        super().__init__(folder, workers=workers, mail_server=SlowMailServer)
        self.exporters: list[Member] = []
        self.importers: list[Importer] = []

    def admit(self, exporting: list[str], importing: list[str], *, programs: int, pause: float, seed: int) -> None:
        """Sign the members in, and let them export, the last ones of them (`programs`) by the API, or import."""
        browsers = len(exporting) - programs
        self.exporters = [
            (Member if place < browsers else ApiClient)(username, self.url, pause=pause, seed=seed)
            for place, username in enumerate(exporting)
        ]
        self.importers = [Importer(username, self.url, pause=pause, seed=seed) for username in importing]
        for member in self.members:
            member.sign_in()
            member.start()
            self._stack.callback(member.leave)

    def follow_timetable(self, usernames: list[str], *, pause: float, seed: int) -> None:
        """Schedule exports of these members, and make them due; their own are rarer, so that they have their turn."""
        for member in self.exporters:
            if member.username in usernames:
                member.eagerness = 0.05
        self.timetable = Timetable(usernames, pause=pause, seed=seed)
        self.timetable.start()
        self._stack.callback(self.timetable.leave)

    @property
    def members(self) -> list[Member]:
        """Return all members."""
        return [*self.exporters, *self.importers]

    def mails(self) -> Iterator[tuple[EmailMessage, list[str]]]:
        """Return what has arrived, and for whom."""
        return zip(self.mail.messages, self.mail.recipients, strict=True)

    @property
    def logs(self) -> list[Path]:
        """Return the logs of the web server and the workers."""
        return list(self._folder.glob("*.log"))

    def is_told_that_nobody_works(self, task: Task) -> bool:
        """Return whether the task's member was told that no worker is there."""
        return any(member.is_told_that_nobody_works(str(task.pk)) for member in self.members)

    @property
    def troubles(self) -> Counter[str]:
        """Return what the web server answered that was no answer, over all members."""
        return sum((member.troubles for member in self.members), Counter())
