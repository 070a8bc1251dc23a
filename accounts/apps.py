"""The accounts app."""

from importlib import import_module

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Members and whom they follow."""

    name = "accounts"

    def ready(self) -> None:
        """Listen to what becomes of accounts."""
        import_module("accounts.browser_language")
        import_module("accounts.signals")
