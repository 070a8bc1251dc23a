"""The exports app."""

from django.apps import AppConfig
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _


class ExportsConfig(AppConfig):
    """Jobs that give members their data, and the files that they leave."""

    name = "exports"
    verbose_name = _("Exports")
    default = True

    def ready(self) -> None:
        """Listen to the mail provider."""
        import_string("exports.delivery.tracking.mail_event_note")
