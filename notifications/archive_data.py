"""A member's notifications in the complete archive."""

from datetime import UTC, datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.member_data import MemberData, member_data
from accounts.models import User
from notifications.cursors import cursor_to_seconds
from notifications.models import Notification


@member_data
class Notifications(MemberData):
    """The latest notification under each name and key."""

    name = "notifications"
    contents = _("Your notifications.")
    keys = ("notifications.Notification.user",)
    columns = {"at": "cursor", "name": "name", "key": "key", "data": "data", "is_dismissed": "dismissed"}

    @classmethod
    def rows(cls, user: User) -> QuerySet[Notification]:
        """Return the notifications."""
        return user.notifications.order_by("cursor")

    @classmethod
    def record(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Return the values with their time."""
        return {**values, "at": datetime.fromtimestamp(cursor_to_seconds(values["at"]), UTC)}
