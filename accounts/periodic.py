"""Regular work: expired sessions and rate limits, and the accounts whose deletion is due."""

from django.conf import settings
from django.db import connection
from django.utils import timezone

from accounts.closing.erasure import accounts_erase
from accounts.models import Session
from core.bulk_delete import bulk_delete
from core.periodic import periodic


@periodic()
def prune_sessions() -> int:
    """Delete expired sessions; return their number."""
    return bulk_delete(Session.objects.filter(expire_date__lt=timezone.now()))


@periodic()
def prune_rate_limits() -> int:
    """Delete expired rate limits; return their number.

    Django's cache does so itself only when it is full, and counts all its rows at each attempt to sign in.
    """
    table = connection.ops.quote_name(str(settings.CACHES["default"]["LOCATION"]))
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {table} WHERE expires < %s", [now])  # noqa: S608 - the name is ours
        return int(cursor.rowcount)


periodic()(accounts_erase)  # last: a million posts take a while
