"""The project's own app: what belongs to the whole site."""

from django.apps import AppConfig
from django.conf import settings

from microblog_project import pseudo_locale


class ProjectConfig(AppConfig):
    """Commands, template tags and the pseudo-locales."""

    name = "microblog_project"

    def ready(self) -> None:
        """Offer the pseudo-locales, if the settings want them."""
        if settings.PSEUDO_LOCALES:
            pseudo_locale.install()
