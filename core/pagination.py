"""Keyset pagination: every page costs the same, and rows written meanwhile repeat or hide none.

A position is the (moment, id) of a row, in the address as `<microseconds since 1970>-<id>`. It serves any model with
a time and an index on it: posts by `timestamp`, follows by `created_at`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Generic, NamedTuple, Self, TypeVar

from django.core.exceptions import BadRequest
from django.db.models import Model, Q, QuerySet
from django.http import QueryDict
from django.utils.translation import gettext as _

PAGE_SIZE = 25
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
LAST_ID = 2**63 - 1
"""The largest id that the databases can hold."""

Row = TypeVar("Row", bound=Model)


class Position(NamedTuple):
    """The place of a row in a list."""

    moment: datetime
    id: int

    @classmethod
    def of(cls, row: Model, by: str = "timestamp") -> Self:
        """Return the position of a row by its time in the field `by`."""
        return cls(getattr(row, by), row.pk)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse the position in an address.

        Raises BadRequest, quoting the text, if it is malformed.
        """
        try:
            microseconds, _dash, row_id = text.rpartition("-")
            return cls(EPOCH + int(microseconds) * MICROSECOND, min(int(row_id), LAST_ID))
        except (ValueError, OverflowError) as error:
            message = _("%(position)r isn't a position in this list. Start again from its first page.")
            raise BadRequest(message % {"position": text[:64]}) from error

    def __str__(self) -> str:
        return f"{(self.moment - EPOCH) // MICROSECOND}-{self.id}"


@dataclass(frozen=True)
class Step:
    """A request for the rows next to a position, on its older or newer side."""

    position: Position | None
    is_to_newer: bool = False

    @classmethod
    def parse(cls, query: QueryDict) -> Self:
        """Parse `?after=` or `?before=`. Raises BadRequest for a malformed position."""
        text = query.get("after") or query.get("before")
        return cls(Position.parse(text) if text else None, is_to_newer=bool(query.get("after")))

    def among(self, rows: QuerySet[Row], by: str = "timestamp") -> QuerySet[Row]:
        """Return the requested rows, the nearest first."""
        sign, beyond = ("", "gt") if self.is_to_newer else ("-", "lt")
        rows = rows.order_by(f"{sign}{by}", f"{sign}pk")
        if self.position is None:
            return rows
        moment, row_id = self.position
        # The first condition is implied by the second; with it, both databases seek in the index.
        return rows.filter(**{f"{by}__{beyond}e": moment}).filter(
            Q(**{f"{by}__{beyond}": moment}) | Q(**{f"pk__{beyond}": row_id})
        )


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Rows, newest first, and the positions of the next pages (empty without one)."""

    rows: list[Row]
    older: str
    newer: str


def page_of(rows: QuerySet[Row], query: QueryDict, *, by: str = "timestamp") -> Page[Row]:
    """Return the page for `?before=` or `?after=`, by default the first; `by` is the rows' time.

    Raises BadRequest for a malformed position.
    """
    return page_by(lambda step: step.among(rows, by), query, by=by)


def page_by(find: Callable[[Step], QuerySet[Row]], query: QueryDict, *, by: str = "timestamp") -> Page[Row]:
    """Return the page like `page_of`, of the rows that `find` returns, the nearest first."""
    step = Step.parse(query)
    found = list(find(step)[: PAGE_SIZE + 1])
    shown = found[:PAGE_SIZE]
    has_more = len(found) > PAGE_SIZE
    if step.is_to_newer:
        shown.reverse()
    has_older = bool(shown) if step.is_to_newer else has_more
    has_newer = has_more if step.is_to_newer else bool(step.position and shown)
    return Page(
        shown,
        older=str(Position.of(shown[-1], by)) if has_older else "",
        newer=str(Position.of(shown[0], by)) if has_newer else "",
    )
