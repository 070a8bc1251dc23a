"""One model of health: each app registers its checks in a module `checks` of its own.

`/readyz`, `manage.py doctor`, the admin's home and `/metrics` render every registered check.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import IntEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.texts import in_a_line, masked

Text = str | Promise
Look = Callable[[], Iterable["Finding"]]
"""Looks at one part of the site."""

SEE_OTHERS = _("See the database and queue server checks first.")


class Status(IntEnum):
    """The state of a part of the site; metrics use the number."""

    OK = 0
    WARNING = 1
    """The site runs, but something needs attention."""
    FAILING = 2
    """The site, or a part of it, does not work."""

    @property
    def label(self) -> str:
        """Return the word that `doctor` prints."""
        return self.name.lower()


@dataclass(frozen=True)
class Finding:
    """What a check found: for a problem, with a hint that says what to do."""

    status: Status
    text: Text = ""
    hint: Text = ""
    error: Exception | None = None
    """What was raised, for the log."""


def ok(text: Text = "") -> Finding:
    """Return a finding without a problem."""
    return Finding(Status.OK, text)


def warning(text: Text, hint: Text) -> Finding:
    """Return a problem that needs attention while the site works."""
    return Finding(Status.WARNING, text, hint)


def failing(text: Text, hint: Text, error: Exception | None = None) -> Finding:
    """Return a problem that keeps the site, or a part of it, from working."""
    return Finding(Status.FAILING, text, hint, error)


def worst(findings: Iterable[Finding]) -> Status:
    """Return the status of a check with these findings."""
    return max((finding.status for finding in findings), default=Status.OK)


@dataclass(frozen=True, eq=False)
class Check:
    """A check of one part of the site."""

    name: str
    look: Look
    hint: Text = SEE_OTHERS
    """What to do when `look` raises."""
    deep: bool = False
    """Whether it is slow, or changes something for a moment: only `doctor` runs it."""
    unready_from: Status | None = None
    """The status from which on `/readyz` reports the machine as not ready; None leaves the check out there."""

    def run(self) -> list[Finding]:
        """Return the findings, at least one, without secrets; an exception is a finding, too."""
        findings: list[Finding] = []
        try:
            findings.extend(self.look())
        except Exception as error:  # the database, queue server, storage or mail server can raise any
            findings.append(failing(in_a_line(error), self.hint, error))
        return [
            replace(found, text=masked(str(found.text)), hint=masked(str(found.hint))) for found in findings or [ok()]
        ]


CHECKS: dict[str, Check] = {}


def check(
    name: str, *, hint: Text = SEE_OTHERS, deep: bool = False, unready_from: Status | None = None
) -> Callable[[Look], Look]:
    """Register a function that yields findings as the check `name`; the options are those of `Check`."""

    def register(look: Look) -> Look:
        CHECKS[name] = Check(name, look, hint, deep, unready_from)
        return look

    return register
