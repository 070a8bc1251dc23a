"""Write notifications, and make feeds."""

import secrets
import time

from django.db import connection, transaction
from django.dispatch import Signal
from django.utils import timezone

from accounts.models import User
from notifications.cursors import MICROSECONDS
from notifications.models import Feed, Notification

ALERT_DISMISSED = "alert_dismissed"
"""One key for all of them: pages refresh all their alerts anyway."""

quiet_poll = Signal()
"""Sent with `user` when a member polls and has had no notification for a while: is the last one still true?

Of the user, it has what `accounts.sign_in.authentication.member_of_cookie` loads.
"""

QUIET_AFTER = 5
QUIET_UNTIL = 3600
"""Seconds since the last notification between which `quiet_poll` is sent: after an hour, workers alone look after
whatever is still in progress."""


# The ORM would need a second query to read what it has written.
ADVANCE = f"""\
UPDATE {User._meta.db_table}
SET notification_cursor = CASE WHEN notification_cursor >= %s THEN notification_cursor + 1 ELSE %s END
WHERE id = %s RETURNING notification_cursor
"""  # noqa: S608 - no value is in it


def cursor_advance(*, user_id: int) -> int:
    """Return a new cursor for the member, above every earlier one; call it in a transaction.

    It is the clock in microseconds, or the last cursor plus one if the clock hasn't advanced. The member's row stays
    locked until the commit, so cursors are committed in order: a reader who has seen one has seen all below it.
    """
    now = time.time_ns() // 1000
    with connection.cursor() as database:
        database.execute(ADVANCE, [now, now, user_id])
        advanced = database.fetchone()
    if advanced is None:
        raise User.DoesNotExist(user_id)
    return int(advanced[0])


def notify(*, user_id: int, name: str, data: object, key: str = "") -> None:
    """Make `data` (any JSON value) the member's latest notification under `name` and `key`."""
    with transaction.atomic(savepoint=False):
        Notification.objects.bulk_create(
            [Notification(user_id=user_id, name=name, key=key, data=data, cursor=cursor_advance(user_id=user_id))],
            update_conflicts=True,
            unique_fields=["user", "name", "key"],
            update_fields=["data", "cursor"],
        )


def quiet_poll_send(user: User) -> None:
    """Send `quiet_poll` if it is due."""
    if QUIET_AFTER < time.time() - user.notification_cursor / MICROSECONDS < QUIET_UNTIL:
        quiet_poll.send(sender=None, user=user)


def notification_dismiss(notification: Notification) -> None:
    """Dismiss an alert on all of the member's pages; other tabs get this by the poll."""
    with transaction.atomic(savepoint=False):
        # Locks the member's row first, like every writer, to avoid deadlocks.
        notify(user_id=notification.user_id, name=ALERT_DISMISSED, data={"id": notification.pk})
        Notification.objects.filter(pk=notification.pk).update(dismissed=True)


def notification_withdraw(*, user_id: int, name: str, key: str) -> None:
    """Dismiss the member's notification under `name` and `key`, if it is shown."""
    notification = Notification.objects.filter(user_id=user_id, name=name, key=key, dismissed=False).first()
    if notification:
        notification_dismiss(notification)


def feed_create(*, user: User) -> str:
    """Give the member's feed a new secret key, and return it: it can't be read again. An earlier one opens nothing."""
    key = secrets.token_urlsafe(32)
    Feed.objects.update_or_create(user=user, defaults={"key": key, "created_at": timezone.now()})
    return key
