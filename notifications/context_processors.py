"""What every page needs to show alerts and badges."""

from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from accounts.sign_in.page_owner import page_owner
from core.requests.redirects import is_background_request
from notifications.alerts import BADGES, KINDS, data_in_words
from notifications.cursors import cursor_to_seconds
from notifications.models import Notification


def alerts(request: HttpRequest) -> dict[str, Any]:
    """Return the member's alerts and badges (fetched when first used), and the cursor to poll from."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {}
    shown = Notification.objects.filter(user_id=user.pk).shown_on_pages([*KINDS, *BADGES])
    return {
        # One query fetches both.
        "alerts": SimpleLazyObject(lambda: alerts_among(shown)),
        "badges": SimpleLazyObject(lambda: badges_among(shown)),
        "alert_scripts": [*(kind.script for kind in KINDS.values()), *BADGES.values()],
        "page_owner": page_owner(user),
        # Read before the alerts: a change in between is sent twice, but never missed.
        "notification_cursor": repr(cursor_to_seconds(user.notification_cursor)),
        # A live refresh fetches the page in the background, and must not consume its messages.
        "is_live_refresh": is_background_request(request),
    }


def alerts_among(shown: Iterable[Notification]) -> list[tuple[str, Notification]]:
    """Return (template, notification) of each alert, oldest first, in the reader's language."""
    found = [item for item in shown if item.name in KINDS]
    for item in found:
        item.data = data_in_words(item.name, item.data)
    return [(KINDS[item.name].template, item) for item in found]


def badges_among(shown: Iterable[Notification]) -> dict[str, Any]:
    """Return the data of each badge by its name."""
    return {item.name: item.data for item in shown if item.name in BADGES}
