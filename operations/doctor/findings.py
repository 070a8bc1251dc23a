"""What a check says: a line about one part of the site, and the remedy if it is not well."""

import enum
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass


class Level(enum.StrEnum):
    """How well a part is."""

    OK = "ok"
    """As it should be."""
    WARN = "warn"
    """The site runs, but something is not as it should be."""
    FAIL = "FAIL"
    """The site, or a part of it, cannot run like this."""


@dataclass(frozen=True)
class Finding:
    """A line about one part of the site."""

    level: Level
    what: str
    found: str
    remedy: str = ""

    def __str__(self) -> str:
        remedy = f"  -> {self.remedy}" if self.remedy else ""
        return f"{self.level:<4}  {self.what}: {self.found}{remedy}"

    def as_dict(self) -> dict[str, str]:
        """Return it as a program wants it."""
        return {**asdict(self), "level": self.level.value}


Check = Callable[[], Iterable[Finding]]


def ok(what: str, found: str) -> Finding:
    """Return that a part is well."""
    return Finding(Level.OK, what, found)


def warn(what: str, found: str, remedy: str) -> Finding:
    """Return that a part is not as it should be, and what to do."""
    return Finding(Level.WARN, what, found, remedy)


def fail(what: str, found: str, remedy: str) -> Finding:
    """Return that a part does not work, and what to do."""
    return Finding(Level.FAIL, what, found, remedy)


def in_a_line(error: BaseException) -> str:
    """Return what an exception says, in one line, with its kind."""
    words = " ".join(str(error).split())
    return f"{type(error).__name__}: {words}" if words else type(error).__name__
