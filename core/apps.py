"""The core app."""

from importlib import import_module

from django.apps import AppConfig, apps
from django.contrib.admin import apps as admin_apps
from django.utils.module_loading import module_has_submodule


class CoreConfig(AppConfig):
    """Helpers that any app may use."""

    name = "core"
    default = True

    def ready(self) -> None:
        """Register every app's checks, those of the lower layers first: their problems cause the others'."""
        for app in reversed([*apps.get_app_configs()]):
            if app.module and module_has_submodule(app.module, "checks"):
                import_module(f"{app.name}.checks")


class StaffConfig(admin_apps.AdminConfig):
    """Django's admin, on a site with rules of its own."""

    default_site = "core.staff.site.StaffSite"
    default = False
