"""Authenticate by the member that was fetched with the session, which saves Django's second query."""

from collections.abc import Mapping
from typing import Any, cast

from django.conf import settings
from django.contrib import auth
from django.contrib.auth import middleware
from django.contrib.auth.models import AnonymousUser
from django.db import Error, connection
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.functional import SimpleLazyObject

from accounts.fields import key_digest
from accounts.models import Session, User
from accounts.sign_in.sessions import SessionStore

# By hand: the ORM takes longer to write this query than the rest of a poll takes.
COLUMNS = ("id", "password", "is_active", "notification_cursor")
QUERY = f"""\
SELECT session_data, {", ".join(f"member.{column}" for column in COLUMNS)}
FROM {Session._meta.db_table} JOIN {User._meta.db_table} AS member ON member.id = user_id
WHERE session_key = %s AND expire_date > %s
"""  # noqa: S608 - no value is in it


class AuthenticationMiddleware(middleware.AuthenticationMiddleware):
    """Django's middleware, but it takes the member from the session's row if it can."""

    def process_request(self, request: HttpRequest) -> None:
        """Set `request.user`, evaluated when first used."""
        super().process_request(request)
        request.user = SimpleLazyObject(lambda: asker_of(request))  # type: ignore[assignment]


def asker_of(request: HttpRequest) -> User | AnonymousUser:
    """Return the member of the session; leave unusual cases to Django."""
    session = cast(SessionStore, request.session)
    key = session.get(auth.SESSION_KEY)  # loads the row
    member = session.member
    if member and key == str(member.pk) and may_pass(member, session):
        return member
    return auth.get_user(request)


def may_pass(member: User, session: SessionStore | Mapping[str, Any]) -> bool:
    """Return whether the member is active, and signed in with their present password by a backend in use.

    These are the conditions of `django.contrib.auth.get_user` and of its ModelBackend.
    """
    return (
        session.get(auth.BACKEND_SESSION_KEY) in settings.AUTHENTICATION_BACKENDS
        and member.is_active
        and constant_time_compare(session.get(auth.HASH_SESSION_KEY, ""), member.get_session_auth_hash())
    )


def member_of_cookie(cookie: str | None) -> User | None:
    """Return the member whose session's key is in the cookie, with COLUMNS loaded: what authentication and polls read.

    None for anything but a usual session; `asker_of` knows more.
    """
    session = SessionStore(cookie)
    row = _fetch(session.session_key) if session.session_key else None
    if row is None:
        return None
    data = session.decode(row[0])
    member = User.from_db(connection.alias, COLUMNS, row[1:])
    return member if data.get(auth.SESSION_KEY) == str(member.pk) and may_pass(member, data) else None


def _fetch(session_key: str) -> tuple[Any, ...] | None:
    """Return the row of QUERY, whose failure shows a lost connection as well as the query that Django sends before."""
    database: Any = connection
    database.health_check_done = True
    try:
        with database.cursor() as cursor:
            now = database.ops.adapt_datetimefield_value(timezone.now())
            cursor.execute(QUERY, [key_digest(session_key), now])
            row: tuple[Any, ...] | None = cursor.fetchone()
            return row
    except Error:
        database.health_check_done = False
        raise
