"""The development app."""

from django.apps import AppConfig
from django.conf import settings

from development import pseudo_locale


class DevelopmentConfig(AppConfig):
    """For developers of the site: everything in one command, the mail viewer, pseudo-locales."""

    name = "development"

    def ready(self) -> None:
        """Install the pseudo-locales if PSEUDO_LOCALES is on."""
        if settings.PSEUDO_LOCALES:
            pseudo_locale.install()
