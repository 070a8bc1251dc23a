"""What every page needs to show alerts."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from notifications.alerts import KINDS
from notifications.cursors import cursor_to_seconds
from notifications.models import Notification


def alerts(request: HttpRequest) -> dict[str, Any]:
    """Return the member's alerts (fetched when a template asks), and from where to poll on."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {}
    return {
        "alerts": SimpleLazyObject(lambda: shown_alerts(user.pk)),
        "alert_scripts": [kind.script for kind in KINDS.values()],
        # Read before the alerts are: what changes in between is told twice, never missed.
        "notification_cursor": repr(cursor_to_seconds(user.notification_cursor)),
        # A live refresh fetches the page in the background: it must not use up the messages meant for eyes.
        "is_live_refresh": "X-Live-Refresh" in request.headers,
    }


def shown_alerts(user_id: int) -> list[tuple[str, Notification]]:
    """Return (template, notification) of each alert, oldest first."""
    shown = Notification.objects.filter(user_id=user_id).shown_as_alerts(list(KINDS))
    return [(KINDS[notification.name].template, notification) for notification in shown]
