r"""Sessions in the database that know whose they are, looked for only under keys that can be in it.

They are Django's own but for that: they end with their member's account, or at once if the member wishes so.
A cookie may hold any text, even a NUL character (`sessionid="\000..."`), for which PostgreSQL refuses to look.
"""

from typing import Any, cast

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import VALID_KEY_CHARS
from django.contrib.sessions.backends.db import SessionStore as DatabaseSessionStore

from accounts.models import Session, User


class SessionStore(DatabaseSessionStore):
    """A session whose key, if it is none that this site gives out, counts as missing."""

    def __init__(self, session_key: str | None = None) -> None:
        super().__init__(session_key if set(session_key or "") <= set(VALID_KEY_CHARS) else None)
        self.member: User | None = None
        """Who the row says is signed in, once it is loaded. `accounts.authentication` finds out whether they are."""

    @classmethod
    def get_model_class(cls) -> type[Session]:
        """Return the model of the rows."""
        return Session

    def _get_session_from_db(self) -> Session | None:
        row = cast(Session | None, super()._get_session_from_db())  # type: ignore[misc]
        self.member = row.user if row else None
        return row

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        """Return the row to be saved, with the member who is signed in."""
        row = cast(Session, super().create_model_instance(data))
        row.user_id = int(data[SESSION_KEY]) if SESSION_KEY in data else None
        return row
