"""The accounts app."""

from importlib import import_module

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    """Members, and how they sign in."""

    name = "accounts"
    verbose_name = _("Members")  # django-allauth's are the "Accounts"

    def ready(self) -> None:
        """Connect the signals, and find what every app exports and erases of an account."""
        import_module("accounts.sign_in.addresses")
        import_module("accounts.sign_in.signals")
        autodiscover_modules("archive_data", "erasure")
