"""Why a task failed: stored as a code with its numbers, and shown to each reader in their own language.

A job can have its own texts: see `Job.failure_texts`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum, auto
from typing import Any

from django.utils.translation import gettext, ngettext


class FailureCode(StrEnum):
    """The reasons of tasks of any job; a row keeps the value."""

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
    """Staff stopped it."""


@dataclass(frozen=True)
class Failure:
    """A reason, and the numbers in its sentence."""

    code: str
    """A FailureCode, or a code of the job's own, whose sentence is in its `failure_texts`."""
    params: dict[str, Any] = field(default_factory=dict)


def failure_text(code: str, params: Mapping[str, Any] | None) -> str:
    """Return the reason in the active language, for the member; empty for a code that only newer code knows."""
    params = params or {}
    count, minutes = params.get("count", 0), params.get("minutes", 0)
    texts: dict[str, str] = {
        FailureCode.ERRORED: gettext("Something went wrong on our side. Our team has been notified."),
        FailureCode.INTERRUPTED: ngettext(
            "It was interrupted %(count)d time, so we gave up.",
            "It was interrupted %(count)d times, so we gave up.",
            count,
        )
        % {"count": count},
        FailureCode.TIMED_OUT: ngettext(
            "It was stopped because it took longer than the limit of %(minutes)d minute.",
            "It was stopped because it took longer than the limit of %(minutes)d minutes.",
            minutes,
        )
        % {"minutes": minutes},
        FailureCode.NO_SPACE: gettext(
            "There isn't enough disk space right now. Our team has been notified. Please try again later."
        ),
        FailureCode.QUEUE_UNAVAILABLE: gettext("The job queue is unavailable. Please try again in a few minutes."),
        FailureCode.NO_LONGER_OFFERED: gettext("This is no longer available."),
        FailureCode.STOPPED_BY_STAFF: gettext("Our staff stopped this. You can start it again."),
    }
    return texts.get(code, "")
