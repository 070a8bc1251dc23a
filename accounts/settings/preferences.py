"""The language and time zone of pages and emails to a member."""

from contextlib import AbstractContextManager, nullcontext
from zoneinfo import ZoneInfo

from django.conf import settings
from django.conf.locale import LANG_INFO
from django.utils import timezone, translation

from accounts.models import User
from accounts.settings.time_zones import zone_named


def language_names() -> list[tuple[str, str]]:
    """Return (code, native name) of each language of the site."""
    return [
        (code, LANG_INFO.get(code, {}).get("name_local", str(name)).capitalize()) for code, name in settings.LANGUAGES
    ]


def language_of(user: User) -> str | None:
    """Return the member's chosen language; None without a choice, or if the site no longer has it."""
    return _spoken(user.language)


def _spoken(language: str) -> str | None:
    try:
        return translation.get_supported_language_variant(language)
    except LookupError:
        return None


def zone_of(user: User) -> ZoneInfo | None:
    """Return the member's chosen time zone, else their browser's last one; None if neither is known."""
    return zone_named(user.time_zone) or zone_named(user.browser_time_zone)


def member_language(user: User) -> AbstractContextManager[None]:
    """Activate the member's language in the block, if they chose one."""
    language = language_of(user)
    return translation.override(language) if language else nullcontext()


def mail_language(user: User, *, asked_in: str = "") -> AbstractContextManager[None]:
    """Activate the language of an email to the member in the block.

    It is the one they chose, else that of the page that requested the email (`asked_in`), else that of their last
    sign-in, else the active one, which in a worker is the site's.
    """
    wishes = (user.language, asked_in, user.browser_language)
    return translation.override(next(filter(None, map(_spoken, wishes)), translation.get_language()))


def member_time(user: User) -> AbstractContextManager[None]:
    """Activate the member's time zone in the block, or the site's if none is known."""
    return timezone.override(zone_of(user))
