"""The notifications app."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class NotificationsConfig(AppConfig):
    """A member's latest notification under each key, the poll that fetches it, and the alerts that show it."""

    name = "notifications"
    verbose_name = _("Notifications")

    def ready(self) -> None:
        """Import each app's `alerts`, which registers how its notifications are shown, and `feed`, its entries."""
        autodiscover_modules("alerts", "feed")
