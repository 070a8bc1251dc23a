"""What time makes useless: sessions that nobody can use any more, and rate limits that limit nobody."""

from django.conf import settings
from django.db import connection
from django.utils import timezone

from accounts.erasure import accounts_erase
from accounts.models import Session
from accounts.sessions import session_keys_hash
from core.bulk_delete import BATCH, MOST, delete_in_batches
from core.periodic import periodic


@periodic()
def sessions_forget() -> int:
    """Delete the sessions that have expired; return their number."""
    return delete_in_batches(Session.objects.filter(expire_date__lt=timezone.now()))


@periodic()
def rate_limits_forget() -> int:
    """Delete the rate limits that have expired; return their number.

    Django's cache does so itself only when it is full, and counts all its rows at each attempt to sign in.
    """
    table = connection.ops.quote_name(str(settings.CACHES["default"]["LOCATION"]))
    expired = f"SELECT cache_key FROM {table} WHERE expires < %s LIMIT {BATCH}"  # noqa: S608 - the names are ours
    count = 0
    while count < MOST:
        with connection.cursor() as cursor:
            now = connection.ops.adapt_datetimefield_value(timezone.now())
            cursor.execute(f"DELETE FROM {table} WHERE cache_key IN ({expired})", [now])  # noqa: S608
            deleted = cursor.rowcount
        count += deleted
        if deleted < BATCH:
            break
    return count


periodic()(session_keys_hash)
periodic()(accounts_erase)  # last: a million posts take a while
