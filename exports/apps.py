"""The exports app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ExportsConfig(AppConfig):
    """Jobs that give members their data, and the files that these jobs write."""

    name = "exports"
    verbose_name = _("Exports")
