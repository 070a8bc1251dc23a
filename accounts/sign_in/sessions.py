"""Sessions that know their member. The key is in the browser's cookie alone: see `accounts.fields.DigestField`."""

from typing import Any, cast

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import VALID_KEY_CHARS, CreateError, SessionBase
from django.contrib.sessions.backends.db import SessionStore as DatabaseSessionStore
from django.contrib.sessions.exceptions import SessionInterrupted
from django.db import IntegrityError

from accounts.models import Session, User
from core.requests.deleted_rows import is_vanished


class SessionStore(DatabaseSessionStore):
    """Django's database sessions, each of which is deleted with its member's row."""

    def __init__(self, session_key: str | None = None) -> None:
        # A cookie may hold any text, such as a digest, or a NUL character, which PostgreSQL refuses.
        super().__init__(session_key if set(session_key or "") <= set(VALID_KEY_CHARS) else None)
        self.member: User | None = None
        """The member that the loaded row names; `accounts.sign_in.authentication` checks the claim."""

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

    def save(self, must_create: bool = False) -> None:
        """Save the session.

        Raises SessionInterrupted if the member has been erased: `create` would retry for ever.
        """
        try:
            super().save(must_create)
        except (CreateError, IntegrityError) as error:
            if is_vanished(error) or is_vanished(error.__context__):
                raise SessionInterrupted("The member was erased before the request was answered.") from error
            raise

    # Django's own names no member.
    asave = SessionBase.asave
