"""The site's members: they are signed in, follow each other, and have written realistic posts."""

import random
from collections.abc import Sequence
from dataclasses import replace

from allauth.account.internal.flows.login import record_authentication
from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.http import HttpRequest

from accounts.models import Follow, User
from accounts.sign_in.sessions import SessionStore
from benchmarks.fill import fill_posts
from benchmarks.load.plan import Member
from benchmarks.load.sizes import exporters, is_large, ordinary
from notifications.cursors import cursor_to_seconds

FOLLOWED = 20
ARCHIVES = 4
"""Of so many who export, one wants the complete archive."""


def populate(number: int, *, exporting: int, large: int) -> list[Member]:
    """Make so many members; those who will export come first."""
    chance = random.Random(number)
    users = User.objects.bulk_create(
        User(username=f"member{place}", email=f"member{place}@example.com", password="!")  # noqa: S106 - none
        for place in range(number)
    )
    EmailAddress.objects.bulk_create(
        EmailAddress(user=user, email=user.email, verified=True, primary=True) for user in users
    )
    Follow.objects.bulk_create(
        Follow(follower=user, followed=other)
        for user in users
        for other in chance.sample(users, min(FOLLOWED, number - 1))
        if other != user
    )
    sizes = exporters(exporting, large=large) + [ordinary(chance) for _ in range(number - exporting)]
    fill_posts({user.pk: size for user, size in zip(users, sizes, strict=True)})
    return [member_of(user, place, exports=place < exporting) for place, user in enumerate(users)]


def member_of(user: User, place: int, *, exports: bool) -> Member:
    """Return the member, signed in."""
    kind = "archive" if place % ARCHIVES == 1 else "posts"
    return Member(
        user.username,
        sign_in(user),
        export=kind if exports else "",
        size=("large" if is_large(place) else "small") if exports else "",
    )


def sign_in(user: User) -> str:
    """Make a session as it is after the password was typed, without the time that a password takes; return its key."""
    request = HttpRequest()
    request.session = session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    record_authentication(request, user, method="password")
    session.create()
    return str(session.session_key)


def as_of_now(members: Sequence[Member]) -> list[Member]:
    """Return the members as pages would show them now: with the position from where to poll on."""
    cursors = dict(User.objects.values_list("username", "notification_cursor"))
    return [replace(member, since=repr(cursor_to_seconds(cursors[member.username]))) for member in members]
