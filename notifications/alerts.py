"""The alerts and badges on every page; each app adds its own in a module `alerts`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Headline:
    """A short form of an alert, where several share a line."""

    subject: str
    state: str
    badge: str
    """The CSS class of the state's badge."""


@dataclass(frozen=True)
class AlertKind:
    """How the notifications of one name are shown."""

    template: str
    """Rendered with `notification`, for the page and for the live refresh alike."""
    script: str
    """A static ES module that listens for `notification:<name>` events."""
    in_words: Callable[[Any], Any]
    """Returns `data` with its codes replaced by texts in the active language."""
    headline: Callable[[Any], Headline]
    """Returns the short form of such `data`."""


KINDS: dict[str, AlertKind] = {}
"""How notifications are shown as alerts, by their name."""

BADGES: dict[str, str] = {}
"""The script of each badge, an ES module as an alert's, by the name of its notifications.

Every page's header finds their latest `data` as `badges.<name>`.
"""


def data_in_words(name: str, data: Any) -> Any:
    """Return a notification's data for a page or the poll, in the active language."""
    return KINDS[name].in_words(data) if name in KINDS else data
