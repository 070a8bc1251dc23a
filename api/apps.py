"""The api app."""

from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ApiConfig(AppConfig):
    """What members' programs may do, and the tokens by which they do it."""

    name = "api"
    verbose_name = _("API")

    def ready(self) -> None:
        """Connect the signal by which a new password revokes tokens."""
        import_module("api.signals")
