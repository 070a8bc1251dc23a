"""Why a task failed: stored as a code with its numbers, and told to each reader in their own language."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum, auto
from typing import Any

from django.utils.translation import gettext, ngettext


class FailureCode(StrEnum):
    """The reasons that there are; a row keeps the value."""

    ERRORED = auto()
    """Its last attempt ended in an error."""
    INTERRUPTED = auto()
    """Its workers died, `count` times."""
    TIMED_OUT = auto()
    """It took longer than `minutes`."""
    NO_SPACE = auto()
    """A disk has no room for it."""
    QUEUE_UNAVAILABLE = auto()
    """It could not be queued."""
    NO_LONGER_OFFERED = auto()
    """This kind of task no longer exists."""
    STOPPED_BY_STAFF = auto()
    """A member of staff gave it up."""


@dataclass(frozen=True)
class Failure:
    """A reason, and the numbers in its sentence."""

    code: FailureCode
    params: dict[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        return failure_text(self.code, self.params)


def failure_text(code: str, params: Mapping[str, Any] | None) -> str:
    """Return the reason in the active language, for the member; empty for a code that only newer code knows."""
    params = params or {}
    count, minutes = params.get("count", 0), params.get("minutes", 0)
    texts: dict[str, str] = {
        FailureCode.ERRORED: gettext(
            "Something went wrong on our side. Our team has been notified, and your posts are safe."
        ),
        FailureCode.INTERRUPTED: ngettext(
            "The export was interrupted %(count)d time and was given up.",
            "The export was interrupted %(count)d times and was given up.",
            count,
        )
        % {"count": count},
        FailureCode.TIMED_OUT: ngettext(
            "It took longer than the %(minutes)d minute that we allow, and was stopped.",
            "It took longer than the %(minutes)d minutes that we allow, and was stopped.",
            minutes,
        )
        % {"minutes": minutes},
        FailureCode.NO_SPACE: gettext(
            "There isn't enough disk space to prepare your export right now. "
            "Our team has been notified. Please try again later."
        ),
        FailureCode.QUEUE_UNAVAILABLE: gettext(
            "The export service is unavailable right now. Please try again in a few minutes."
        ),
        FailureCode.NO_LONGER_OFFERED: gettext(
            "This type of export is no longer available. Please request another one."
        ),
        FailureCode.STOPPED_BY_STAFF: gettext("Our staff stopped this export. You can start it again."),
    }
    return texts.get(code, "")
