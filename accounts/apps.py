"""The accounts app."""

from importlib import import_module

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Members and whom they follow."""

    name = "accounts"

    def ready(self) -> None:
        """Listen for sign-ins."""
        import_module("accounts.browser_language")
