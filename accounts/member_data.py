"""What the site holds about a member, besides what the exports app writes itself.

An app registers each kind of record in its module `archive_data`; the complete archive then has a file of it, whose
JSON Schema is `exports/static/exports/schemas/<file>`. A test finds tables that nobody has registered.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, NamedTuple, TypeVar

from django.db.models import QuerySet, TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User

BATCH_SIZE = 500  # rows


class Part(TextChoices):
    """A part of the archive, which the member can leave out. The value is in manifests and in tasks' parameters."""

    POSTS = "posts", _("Posts")
    PEOPLE = "people", _("People you follow and your followers")
    MESSAGES = "messages", _("Messages")
    ACCOUNT = "account", _("Account records")


class Table(NamedTuple):
    """How people see a kind of record, on the page "Account" of the archive."""

    title: Promise
    headings: tuple[Promise, ...]
    cells: Callable[[dict[str, Any]], Sequence[Any]]
    """Returns a record's values under these headings: texts, numbers, times, or True and False."""


class MemberData:
    """One list of the archive, `{name: [record, ...]}`, oldest first; a subclass is a kind of record."""

    name: ClassVar[str]
    """Of the list, of its file, and of its count in the manifest: never changed once released."""
    contents: ClassVar[Promise]
    """What it is, in a sentence to the member."""
    part: ClassVar[Part] = Part.ACCOUNT
    keys: ClassVar[tuple[str, ...]]
    """The foreign keys by which its rows belong to the member, such as "accounts.Session.user"."""
    columns: ClassVar[Mapping[str, Any]]
    """Key in a record -> the row's column, or an expression."""
    table: ClassVar[Table | None] = None
    """None: the records are for programs only."""
    written_at: ClassVar[str] = ""
    """The column with the time of the post that a record is about, for exports of some dates."""

    @classmethod
    def file(cls) -> str:
        """Return the file's name in the archive."""
        return f"account/{cls.name}.json" if cls.part is Part.ACCOUNT else f"{cls.name}.json"

    @classmethod
    def rows(cls, user: User) -> QuerySet[Any, Any]:
        """Return the member's rows, oldest first."""
        raise NotImplementedError

    @classmethod
    def record(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Return the record that is made of a row's `columns`: JSON types and aware times."""
        return values

    @classmethod
    def records(
        cls, user: User, *, since: datetime | None = None, until: datetime | None = None
    ) -> Iterator[dict[str, Any]]:
        """Yield the records; of a kind that is about posts, those of posts from `since` on and before `until`."""
        bounds = {f"{cls.written_at}__gte": since, f"{cls.written_at}__lt": until} if cls.written_at else {}
        rows = cls.rows(user).filter(**{lookup: moment for lookup, moment in bounds.items() if moment})
        for values in rows.values_list(*cls.columns.values()).iterator(chunk_size=BATCH_SIZE):
            yield cls.record(dict(zip(cls.columns, values, strict=True)))


MEMBER_DATA: list[type[MemberData]] = []
"""In the order of the apps, and of the classes in each."""

AnyData = TypeVar("AnyData", bound=type[MemberData])


def member_data(data: AnyData) -> AnyData:
    """Put a kind of record into the complete archive: `@member_data` on its class."""
    MEMBER_DATA.append(data)
    return data
