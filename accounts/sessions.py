r"""Sessions in the database that know whose they are, under the digests of their keys.

The key itself is in the browser's cookie alone: reading the table lets nobody sign in. A session ends with its member's
account, or at once if the member wishes so.

The previous release stored the keys themselves. Such rows are still found; `session_keys_hash` replaces their keys once
no web server of that release can ask for them any more.

A cookie may hold any text, even a NUL character (`sessionid="\000..."`), for which PostgreSQL refuses to look.
"""

from datetime import timedelta
from hashlib import sha256
from typing import Any, cast

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import VALID_KEY_CHARS, CreateError, SessionBase, UpdateError
from django.contrib.sessions.backends.db import SessionStore as DatabaseSessionStore
from django.contrib.sessions.exceptions import SessionInterrupted
from django.db import IntegrityError, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from accounts.models import Session, User
from core.bulk_delete import BATCH, MOST
from core.requests.vanished import is_vanished

DIGEST = "#"
"""Begins a digest, and no key: what is in the table is never looked for when it comes in a cookie."""

ROLLOUT = timedelta(hours=1)
"""How long the release before may run beside this one, from the migration on."""


def key_digest(key: str) -> str:
    """Return under what a session is kept: the first 156 bits of the key's SHA-256, which fill the column."""
    return DIGEST + sha256(key.encode()).hexdigest()[:39]


def stored_keys(key: str) -> list[str]:
    """Return under what the session of a cookie's key may be kept: its digest, or the key of an earlier release."""
    return [key_digest(key), key]


class SessionStore(DatabaseSessionStore):
    """A session whose key, if it is none that this site gives out, counts as missing."""

    def __init__(self, session_key: str | None = None) -> None:
        super().__init__(session_key if set(session_key or "") <= set(VALID_KEY_CHARS) else None)
        self.member: User | None = None
        """Who the row says is signed in, once it is loaded. `accounts.authentication` finds out whether they are."""
        self._undigested = ""
        """The key, if the row that was loaded has it as it is."""

    @classmethod
    def get_model_class(cls) -> type[Session]:
        """Return the model of the rows."""
        return Session

    def exists(self, session_key: str) -> bool:
        """Return whether there is a session of that key."""
        return Session.objects.filter(session_key__in=stored_keys(session_key)).exists()

    def delete(self, session_key: str | None = None) -> None:
        """Delete the session of that key, by default this one."""
        if key := session_key or self.session_key:
            Session.objects.filter(session_key__in=stored_keys(key)).delete()

    def _get_session_from_db(self) -> Session | None:
        key = self.session_key or ""
        row = Session.objects.filter(session_key__in=stored_keys(key), expire_date__gt=timezone.now()).first()
        if row is None:
            self._session_key = None
        self.member = row.user if row else None
        self._undigested = key if row and row.session_key == key else ""
        return row

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        """Return the row to be saved, with the member who is signed in."""
        row = cast(Session, super().create_model_instance(data))
        if row.session_key != self._undigested:
            row.session_key = key_digest(row.session_key)
        row.user_id = int(data[SESSION_KEY]) if SESSION_KEY in data else None
        return row

    def save(self, must_create: bool = False) -> None:
        """Save the session; its key may just have been replaced by its digest.

        Raises SessionInterrupted if the member is gone: `create` would try again for ever.
        """
        try:
            super().save(must_create)
        except (CreateError, IntegrityError) as error:
            if is_vanished(error) or is_vanished(error.__context__):
                raise SessionInterrupted("The member was erased before the request was answered.") from error
            raise
        except UpdateError:
            if not self._undigested:
                raise
            self._undigested = ""
            super().save(must_create)

    # Django's look for rows themselves; these call the above.
    aexists, adelete = SessionBase.aexists, SessionBase.adelete
    aload, asave, acreate = SessionBase.aload, SessionBase.asave, SessionBase.acreate


def session_keys_hash() -> int:
    """Replace the keys that an earlier release has left by their digests, MOST at most; return how many.

    Not before ROLLOUT is over: a web server of that release takes the cookie away when it does not find the session.
    """
    if MigrationRecorder.Migration.objects.filter(applied__gt=timezone.now() - ROLLOUT).exists():
        return 0
    # Digests come before digits and letters in every collation, so that none of them is read.
    rows = Session.objects.filter(session_key__gte="0").exclude(session_key__startswith=DIGEST).order_by("pk")
    count = 0
    while count < MOST and (keys := list(rows.values_list("pk", flat=True)[:BATCH])):
        with transaction.atomic():
            for key in keys:
                Session.objects.filter(pk=key).update(session_key=key_digest(key))
        count += len(keys)
    return count
