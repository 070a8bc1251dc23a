"""What a member chooses of their data for an export: the parts, and the dates of posts."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import MINYEAR, UTC, date, datetime, time, timedelta, tzinfo
from typing import Any, Self

from django.utils.translation import gettext as _

from accounts.member_data import Part


class ChoiceError(ValueError):
    """There is no such export. The text says what is wrong, for people."""


@dataclass(frozen=True)
class ArchiveChoice:
    """What an export holds; by default everything. Raises ChoiceError if that makes no sense.

    A task keeps it in its parameters: `as_params` and `from_params`.
    """

    parts: frozenset[Part] = frozenset(Part)
    since: datetime | None = None
    """The first moment of the posts."""
    until: datetime | None = None
    """The moment before which the posts were written."""

    def __post_init__(self) -> None:
        if not self.parts:
            raise ChoiceError(_("Choose at least one part of your data."))
        if MINYEAR in {moment.year for moment in (self.since, self.until) if moment}:  # so that OVERLAP fits before it
            raise _out_of_calendar()
        if self.since and self.until and self.since >= self.until:
            raise ChoiceError(_("The first day can't be after the last one."))
        if self.has_dates and Part.POSTS not in self.parts:
            raise ChoiceError(_("Dates are for posts only. Include the posts, or remove the dates."))

    @classmethod
    def of_days(cls, parts: Iterable[str], *, first: date | None, last: date | None, zone: tzinfo) -> Self:
        """Return the choice of posts from the first day to the last, both included, in the member's time zone."""
        try:
            since = _day_begins(first, zone) if first else None
            until = _day_begins(last + timedelta(days=1), zone) if last else None
        except OverflowError:
            raise _out_of_calendar() from None
        return cls(_parts([*parts]), since, until)

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Self:
        """Return the choice of a task's parameters; without any of its own, everything.

        Raises ChoiceError, which names the wrong value.
        """
        since, until = (_moment(name, params.get(name)) for name in ("since", "until"))
        return cls(_parts(params.get("parts")), since, until)

    def as_params(self) -> dict[str, Any]:
        """Return what differs from everything, as a task's parameters: JSON types."""
        return {
            **({} if self.has_all_parts else {"parts": self.parts_in_order}),
            **({"since": self.since.isoformat()} if self.since else {}),
            **({"until": self.until.isoformat()} if self.until else {}),
        }

    @property
    def has_all_parts(self) -> bool:
        """Return whether no part is left out."""
        return self.parts == frozenset(Part)

    @property
    def has_dates(self) -> bool:
        """Return whether only the posts of some dates are chosen."""
        return bool(self.since or self.until)

    @property
    def is_everything(self) -> bool:
        """Return whether nothing is left out."""
        return self.has_all_parts and not self.has_dates

    @property
    def parts_in_order(self) -> list[str]:
        """Return the names of the parts, always in the same order."""
        return [part.value for part in Part if part in self.parts]

    @property
    def labels(self) -> list[str]:
        """Return what people call the parts, in the reader's language."""
        return [str(part.label) for part in Part if part in self.parts]


EVERYTHING = ArchiveChoice()


def _out_of_calendar() -> ChoiceError:
    return ChoiceError(_("Choose dates after year 1 and before year 9999."))


def _day_begins(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _parts(value: Any) -> frozenset[Part]:
    if value is None:
        return frozenset(Part)
    if not isinstance(value, list):
        raise ChoiceError(_("%(value)s isn't a list of parts.") % {"value": _quoted(value)})
    for name in value:
        if name not in Part.values:
            text = _("%(name)s isn't a part of an archive. Choose from: %(known)s.")
            raise ChoiceError(text % {"name": _quoted(name), "known": ", ".join(Part.values)})
    return frozenset(map(Part, value))


def _moment(name: str, value: Any) -> datetime | None:
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo:
            return moment.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        pass
    text = _("%(name)s: %(value)s isn't a time with its offset from UTC, such as 2026-11-01T00:00:00Z.")
    raise ChoiceError(text % {"name": name, "value": _quoted(value)})


def _quoted(value: Any) -> str:
    return repr(value)[:64]
