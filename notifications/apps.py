"""The notifications app."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class NotificationsConfig(AppConfig):
    """A member's latest news under each key, the poll that fetches it, and the alerts that show it."""

    name = "notifications"
    verbose_name = _("Notifications")

    def ready(self) -> None:
        """Let every producer register how its notifications are shown, in a module `alerts` of its own."""
        autodiscover_modules("alerts")
