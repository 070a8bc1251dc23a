"""Following: who follows whom, and how many they are."""

from dataclasses import dataclass

from django.contrib.humanize.templatetags.humanize import intcomma
from django.db.models import QuerySet

from accounts.models import Follow, User

MAX_COUNTED = 10_000
"""Follows counted for one number: beyond it, the number says nothing and takes long."""


@dataclass(frozen=True)
class Count:
    """A number of rows, shown as "10,000+" where counting stopped."""

    number: int
    has_more: bool

    def __str__(self) -> str:
        return f"{intcomma(self.number)}{'+' if self.has_more else ''}"


def follow_create(*, follower: User, followed: User) -> bool:
    """Let one member follow another; return whether that is new.

    Raises ValueError for a member who would follow themselves.
    """
    if follower.pk == followed.pk:
        raise ValueError(f"{follower.username!r} cannot follow themselves; name another member.")
    _follow, created = Follow.objects.get_or_create(follower=follower, followed=followed)
    return created


def follow_delete(*, follower: User, followed: User) -> bool:
    """Let one member no longer follow another; return whether they did."""
    deleted, _by_model = Follow.objects.filter(follower=follower, followed=followed).delete()
    return bool(deleted)


def follow_counts(member: User) -> dict[str, Count]:
    """Return how many active `followers` the member has, and how many active members are in their `following`."""
    closed = User.objects.filter(is_active=False)
    return {
        "followers": _count(member.followed_by.exclude(follower__in=closed)),
        "following": _count(member.follows.exclude(followed__in=closed)),
    }


def _count(follows: QuerySet[Follow]) -> Count:
    counted = follows[: MAX_COUNTED + 1].count()
    return Count(min(counted, MAX_COUNTED), has_more=counted > MAX_COUNTED)
