"""Regular work: dismissed notifications."""

import time

from django.conf import settings

from core.bulk_delete import bulk_delete
from core.periodic import periodic
from notifications.models import Notification

MICROSECONDS_A_DAY = 24 * 3600 * 1_000_000


@periodic()
def prune_notifications() -> int:
    """Delete what was dismissed and has not changed for NOTIFICATION_RETENTION_DAYS; return the number.

    What stands on a member's pages stays, however old it is: it goes with what it tells of.
    """
    before = time.time_ns() // 1000 - settings.NOTIFICATION_RETENTION_DAYS * MICROSECONDS_A_DAY
    return bulk_delete(Notification.objects.filter(dismissed=True, cursor__lt=before))
