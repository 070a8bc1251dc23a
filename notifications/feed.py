"""A member's Atom feed of what has become of their tasks; each app adds its entries in a module `feed`."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any

from django.conf import settings
from django.dispatch import receiver
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.utils.html import escape
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.sign_in.new_password import password_set
from core.links import absolute_url, page_url
from notifications.models import Feed

MAX_ENTRIES = 30


@dataclass(frozen=True)
class Entry:
    """One thing that has happened."""

    id: str
    """Identifies it for ever among the member's, such as `task/<uuid>`."""
    title: str
    at: datetime
    path: str
    """Of a page of this site that asks for the password; never of a file."""
    text: str = ""


Source = Callable[[User], Iterable[Entry]]

SOURCES: list[Source] = []


def feed_source(source: Source) -> Source:
    """Register a function that returns some of a member's entries, MAX_ENTRIES at most, in the active language."""
    SOURCES.append(source)
    return source


@receiver(password_set)
def end_address(user: User, **_signal: Any) -> None:
    """Delete the member's feed with their old password: whoever knew that may have made the address."""
    Feed.objects.filter(user=user).delete()


def feed_as_xml(feed: Feed) -> str:
    """Return the feed, newest entry first. Its own address is not in it, so that a copy gives away nothing."""
    atom = Atom1Feed(
        title=_("Microblog: exports and imports of %(username)s") % {"username": feed.user.username},
        link=page_url("notifications:feed"),
        description=None,
        language=get_language(),
        author_name="Microblog",
        feed_guid=_tag(f"feed/{feed.user_id}"),
    )
    for entry in _entries(feed):
        atom.add_item(
            title=entry.title,
            link=absolute_url(entry.path),
            description=escape(entry.text),
            unique_id=_tag(f"feed/{feed.user_id}/{entry.id}"),
            pubdate=entry.at,
            updateddate=entry.at,
        )
    return str(atom.writeString("utf-8"))


def _entries(feed: Feed) -> list[Entry]:
    found = [entry for source in SOURCES for entry in source(feed.user)]
    # So that a new feed isn't empty: a reader shows that it works.
    found.append(Entry("begin", _("Your feed is active"), feed.created_at, reverse("notifications:feed")))
    return sorted(found, key=attrgetter("at"), reverse=True)[:MAX_ENTRIES]


def _tag(name: str) -> str:
    """Return a tag URI (RFC 4151), which no change of address affects."""
    return f"tag:{settings.SITE_HOST},2026:{name}"
