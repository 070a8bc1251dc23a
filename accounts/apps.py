"""The accounts app."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Members and whom they follow."""

    name = "accounts"
