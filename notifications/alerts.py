"""Which notifications every page shows, and how; producers register theirs when their app is ready."""

from dataclasses import dataclass


@dataclass(frozen=True)
class AlertKind:
    """How the notifications of one name are shown."""

    template: str
    """Rendered with `notification`, for the page and for the live refresh alike."""
    script: str
    """A static ES module that listens for `notification:<name>` events."""


KINDS: dict[str, AlertKind] = {}


def register(name: str, *, template: str, script: str) -> None:
    """Show the notifications called `name` as alerts."""
    KINDS[name] = AlertKind(template, script)


BADGES: dict[str, str] = {}
"""The script of each badge; an ES module as an alert's."""


def register_badge(name: str, *, script: str) -> None:
    """Give every page's header the latest `data` of the notifications called `name`, as `badges.<name>`."""
    BADGES[name] = script
