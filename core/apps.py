"""The core app."""

from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps


class CoreConfig(AppConfig):
    """Helpers that any app may use."""

    name = "core"
    default = True


class StaffConfig(admin_apps.AdminConfig):
    """Django's administration, on a site with rules of our own."""

    default_site = "core.staff.site.StaffSite"
    default = False
