"""The language and the time zone in which the site speaks to a member."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache
from itertools import groupby
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.conf.locale import LANG_INFO
from django.utils import timezone, translation

from accounts.models import User


def language_names() -> list[tuple[str, str]]:
    """Return (code, name) of each language of the site, by the name that its speakers give it."""
    return [
        (code, LANG_INFO.get(code, {}).get("name_local", str(name)).capitalize()) for code, name in settings.LANGUAGES
    ]


@cache
def time_zones() -> list[tuple[str, list[tuple[str, str]]]]:
    """Return (region, its zones) for a grouped choice; a zone is (name, place)."""
    zones = sorted((name for name in available_timezones() if "/" in name), key=_region)
    without_region = sorted(available_timezones() - {*zones})
    grouped = [(region, [(name, _place(name)) for name in sorted(names)]) for region, names in groupby(zones, _region)]
    return [*grouped, ("UTC", [(name, name) for name in without_region])]


def _region(zone: str) -> str:
    return zone.partition("/")[0]


def _place(zone: str) -> str:
    return zone.partition("/")[2].replace("_", " ")


def language_of(user: User) -> str | None:
    """Return the language that the member chose; None for none, or one that the site speaks no more."""
    return _spoken(user.language)


def _spoken(language: str) -> str | None:
    try:
        return translation.get_supported_language_variant(language)
    except LookupError:
        return None


def zone_of(user: User) -> ZoneInfo | None:
    """Return the time zone that the member chose; None for none, or one that this machine does not know."""
    try:
        return ZoneInfo(user.time_zone) if user.time_zone else None
    except (KeyError, OSError, ValueError):
        return None


@contextmanager
def member_language(user: User) -> Iterator[None]:
    """Say what is said to the member in their language; if they chose none, in the one that is active."""
    language = language_of(user)
    with translation.override(language) if language else nullcontext():
        yield


def mail_language(user: User, *, asked_in: str = "") -> AbstractContextManager[None]:
    """Write what the member reads later, elsewhere, in the language that they chose.

    If they chose none: in the one of the page on which they asked for it (`asked_in`), else of their last sign-in, else
    in the active one, which in a worker is the site's.
    """
    wishes = (user.language, asked_in, user.browser_language)
    return translation.override(next(filter(None, map(_spoken, wishes)), translation.get_language()))


@contextmanager
def member_time(user: User) -> Iterator[None]:
    """Tell times in the member's zone; if they chose none, in the site's."""
    with timezone.override(zone_of(user)):
        yield
