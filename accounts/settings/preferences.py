"""The language and the time zone in which the site speaks to a member."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from zoneinfo import ZoneInfo

from django.conf import settings
from django.conf.locale import LANG_INFO
from django.utils import timezone, translation

from accounts.models import User
from accounts.settings.time_zones import zone_named


def language_names() -> list[tuple[str, str]]:
    """Return (code, name) of each language of the site, by the name that its speakers give it."""
    return [
        (code, LANG_INFO.get(code, {}).get("name_local", str(name)).capitalize()) for code, name in settings.LANGUAGES
    ]


def language_of(user: User) -> str | None:
    """Return the language that the member chose; None for none, or one that the site speaks no more."""
    return _spoken(user.language)


def _spoken(language: str) -> str | None:
    try:
        return translation.get_supported_language_variant(language)
    except LookupError:
        return None


def zone_of(user: User) -> ZoneInfo | None:
    """Return the time zone that the member chose, else the one their browser was last in; None if neither is known."""
    return zone_named(user.time_zone) or zone_named(user.browser_time_zone)


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
    """Tell times in the member's zone; if none is known, in the site's."""
    with timezone.override(zone_of(user)):
        yield
