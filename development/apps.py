"""The development app."""

from django.apps import AppConfig
from django.conf import settings

from development import pseudo_locale


class DevelopmentConfig(AppConfig):
    """What those who work on the site need: everything in one command, the mail viewer, pseudo-locales."""

    name = "development"

    def ready(self) -> None:
        """Offer pseudo-locales if the settings say so."""
        if settings.PSEUDO_LOCALES:
            pseudo_locale.install()
