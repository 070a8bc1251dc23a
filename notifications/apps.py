"""The notifications app."""

from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    """A member's latest news under each key, the poll that fetches it, and the alerts that show it."""

    name = "notifications"
