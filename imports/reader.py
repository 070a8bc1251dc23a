"""A reader understands the archives of one service: one class in a module of `imports.readers`, and nothing else.

It yields every entry of the archive once, in the archive's order, and keeps no more than one of them in memory. What it
cannot import it yields as Skipped, with the reason.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum, auto
from typing import Any, ClassVar, TypeVar

from imports.archives.archive import Archive
from imports.reasons import Reason


class Kind(StrEnum):
    """The kinds of posts that a member can choose to import; the values are those of Reason, but for the first."""

    PUBLIC = auto()
    UNLISTED = auto()
    THREAD = auto()
    """A reply to one of their own posts."""
    REPLY = auto()
    """A reply to someone else."""


@dataclass(slots=True)
class Found:
    """A post of the archive; not `frozen`, which takes seven times as long to make."""

    source_id: str
    """Identifies it at its source, for ever: a second import recognises it by this."""
    written_at: datetime
    """In UTC."""
    body: str
    """Plain text, whole."""
    url: str = ""
    """Where the original is, or was."""
    kind: Kind = Kind.PUBLIC
    order: int = 0
    """Tells which of two posts of the same moment came first: a number in its id, below 2**64."""
    pictures: int = 0
    """How many pictures, films or sounds it had, which are not imported."""
    is_unlisted: bool = False
    """Whether public lists there left it out, whatever its kind: it is imported only if the member wants those."""


@dataclass(slots=True)
class Skipped:
    """An entry that cannot be imported. Of a private one nothing is kept but where it is."""

    reason: Reason
    url: str = ""
    written_at: datetime | None = None
    detail: str = ""
    """For Reason.UNREADABLE: what is wrong, and where, in a few words of English."""


Entry = Found | Skipped


@dataclass(frozen=True)
class Extras:
    """What an archive of this software holds besides posts."""

    profile: dict[str, Any] = field(default_factory=dict)
    """`about_me`, `language`, `time_zone`, `theme`, as far as they are there."""
    follows: list[str] = field(default_factory=list)
    """Names of the members whom they followed."""


class Reader:
    """Reads one service's archives; `@register_reader` makes a subclass known."""

    label: ClassVar[str]
    """The service's name as people know it. Never changed once released: rows keep it, unless there is a `source`."""
    rank: ClassVar[int] = 0
    """Readers of a higher rank are asked first whether they recognise an archive."""

    def __init__(self, archive: Archive) -> None:
        self.archive = archive

    @classmethod
    def recognises(cls, archive: Archive) -> bool:
        """Return whether the archive is of this kind, by what is in it and not by its name."""
        raise NotImplementedError

    @property
    def source(self) -> str:
        """Return where ids are unique, 100 code points at most: `Imported from {source}`. By default the label."""
        return self.label

    def owner(self) -> str:
        """Return whose archive it is, in the service's own form, such as `@ada@social.example`; empty if unknown."""
        return ""

    def expected(self) -> int:
        """Return how many entries the archive says that it has; 0 if it does not say."""
        return 0

    def is_partial(self) -> bool:
        """Return whether the archive says that it is one of several files."""
        return False

    def extras(self) -> Extras:
        """Return what else can be imported."""
        return Extras()

    def entries(self) -> Iterator[Entry]:
        """Yield the entries. Raises ArchiveError if the file itself is damaged."""
        raise NotImplementedError


READERS: list[type[Reader]] = []

AnyReader = TypeVar("AnyReader", bound=type[Reader])


def register_reader(reader: AnyReader) -> AnyReader:
    """Make a reader known: `@register_reader` on its class."""
    READERS.append(reader)
    READERS.sort(key=lambda known: -known.rank)
    return reader


def reader_of(archive: Archive) -> Reader | None:
    """Return the reader that recognises the archive, None if none does."""
    return next((reader(archive) for reader in READERS if reader.recognises(archive)), None)
