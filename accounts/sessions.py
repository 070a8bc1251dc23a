r"""Sessions in the database, as Django's own are, looked for only under keys that can be in it.

A cookie may hold any text, even a NUL character (`sessionid="\000..."`), for which PostgreSQL refuses to look.
"""

from django.contrib.sessions.backends.base import VALID_KEY_CHARS
from django.contrib.sessions.backends.db import SessionStore as DatabaseSessionStore


class SessionStore(DatabaseSessionStore):
    """A session whose key, if it is none that this site gives out, counts as missing."""

    def __init__(self, session_key: str | None = None) -> None:
        super().__init__(session_key if set(session_key or "") <= set(VALID_KEY_CHARS) else None)
