"""The time zones that members can choose, and the one that a browser reports."""

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from zoneinfo import TZPATH, ZoneInfo, available_timezones

from django.dispatch import Signal
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

COOKIE = "time_zone"
"""Set by static/times.js while the member has chosen none."""
MAX_LENGTH = 64

time_zone_changed = Signal()
"""Sent with `user`, as saved, when their chosen time zone or that of their browser changes."""

# The other names in the database are aliases of zones in these regions.
REGIONS: dict[str, str | Promise] = {
    "Africa": _("Africa"),
    "America": _("America"),
    "Antarctica": _("Antarctica"),
    "Arctic": _("Arctic"),
    "Asia": _("Asia"),
    "Atlantic": _("Atlantic Ocean"),
    "Australia": _("Australia"),
    "Europe": _("Europe"),
    "Indian": _("Indian Ocean"),
    "Pacific": _("Pacific Ocean"),
}


def time_zones(*, chosen: str = "") -> list[tuple[str, list[tuple[str, str]]]]:
    """Return (region, zones) for a grouped choice; a zone is (name, "Berlin (UTC+01:00)"), with today's offset.

    The `chosen` zone is included, even if it is an alias.
    """
    now = datetime.now(UTC)
    groups: dict[str, list[tuple[str, str]]] = {region: [] for region in REGIONS}
    others = {"UTC"}
    extra = zone_named(chosen)
    for name, zone in (_zones() | ({chosen: extra} if extra else {})).items():
        region, _slash, place = name.partition("/")
        if region in groups:
            groups[region].append((name, _labelled(place, zone, now)))
        elif name == chosen:
            others.add(name)
    return [
        *((str(REGIONS[region]), sorted(zones, key=lambda zone: zone[1])) for region, zones in groups.items()),
        ("UTC", [(name, name) for name in sorted(others)]),
    ]


def browser_zone(request: HttpRequest) -> str:
    """Return the name of the zone that the browser reports; empty without a valid one."""
    name = request.COOKIES.get(COOKIE, "")
    return name if len(name) <= MAX_LENGTH and zone_named(name) else ""


class BoundedZone(ZoneInfo):
    """A zone that converts even the first and last moments of `datetime`."""

    def fromutc(self, moment: datetime, /) -> datetime:
        """Return the moment in the zone, or in UTC if that would be before year 1 or after 9999."""
        try:
            return super().fromutc(moment)
        except OverflowError:
            return moment


def zone_named(name: str) -> ZoneInfo | None:
    """Return the zone; None without a name, or if this machine doesn't have it."""
    try:
        return BoundedZone(name) if name else None
    except (KeyError, OSError, ValueError):
        return None


@cache
def _zones() -> dict[str, ZoneInfo]:
    """Return the zones in the database's country table, which has no aliases, or all without the table.

    They are read once: reading them takes longer than the rest of the form.
    """
    tables = [Path(folder, "zone.tab") for folder in TZPATH]
    table = next((table for table in tables if table.is_file()), None)
    lines = table.read_text().splitlines() if table else []
    names = {line.split("\t")[2] for line in lines if not line.startswith("#")}
    return {name: ZoneInfo(name) for name in names or available_timezones()}


def _labelled(place: str, zone: ZoneInfo, now: datetime) -> str:
    """Return such as "Buenos Aires, Argentina (UTC-03:00)"."""
    offset = now.astimezone(zone).strftime("%z")  # such as "+0530"
    return f"{', '.join(reversed(place.replace('_', ' ').split('/')))} (UTC{offset[:3]}:{offset[3:]})"
