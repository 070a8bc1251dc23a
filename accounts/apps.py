"""The accounts app."""

from importlib import import_module

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    """Members and whom they follow."""

    name = "accounts"
    verbose_name = _("Members")  # django-allauth's are the "Accounts"

    def ready(self) -> None:
        """Listen to what becomes of accounts; let every app say what an account's end means for it."""
        import_module("accounts.sign_in.addresses")
        import_module("accounts.sign_in.signals")
        autodiscover_modules("erasure")
