"""The imports app."""

from importlib import import_module
from pkgutil import iter_modules

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ImportsConfig(AppConfig):
    """Jobs that bring in what members have elsewhere, and the files that they upload for that."""

    name = "imports"
    verbose_name = _("Imports")

    def ready(self) -> None:
        """Make every reader known: each is a module of `imports.readers`."""
        readers = import_module("imports.readers")
        for module in iter_modules(readers.__path__):
            import_module(f"imports.readers.{module.name}")
