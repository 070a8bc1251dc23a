"""Following, and being seen."""

from datetime import timedelta

from django.utils import timezone

from accounts.models import Follow, User

LAST_SEEN_PRECISION = timedelta(minutes=5)


def follow_create(*, follower: User, followed: User) -> bool:
    """Let one member follow another; return whether that is new.

    Raises ValueError for somebody who would follow themselves.
    """
    if follower.pk == followed.pk:
        raise ValueError(f"{follower.username!r} cannot follow themselves; name another member.")
    _follow, created = Follow.objects.get_or_create(follower=follower, followed=followed)
    return created


def follow_delete(*, follower: User, followed: User) -> bool:
    """Let one member no longer follow another; return whether they did."""
    deleted, _by_model = Follow.objects.filter(follower=follower, followed=followed).delete()
    return bool(deleted)


def member_saw(user: User) -> None:
    """Note that the member is here, with at most one write in five minutes, whatever the number of requests."""
    now = timezone.now()
    if user.last_seen is None or now - user.last_seen >= LAST_SEEN_PRECISION:
        User.objects.filter(pk=user.pk, last_seen=user.last_seen).update(last_seen=now)
