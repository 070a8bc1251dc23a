"""Regular work: dismissed notifications."""

import time

from django.conf import settings

from core.bulk_delete import bulk_delete
from core.periodic import periodic
from notifications.models import Notification

MICROSECONDS_A_DAY = 24 * 3600 * 1_000_000


@periodic()
def prune_notifications() -> int:
    """Delete notifications that were dismissed NOTIFICATION_RETENTION_DAYS ago; return their number.

    Others stay, however old they are: they are deleted with their subject.
    """
    before = time.time_ns() // 1000 - settings.NOTIFICATION_RETENTION_DAYS * MICROSECONDS_A_DAY
    return bulk_delete(Notification.objects.filter(dismissed=True, cursor__lt=before))
