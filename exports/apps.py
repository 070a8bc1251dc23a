"""The exports app."""

from django.apps import AppConfig


class ExportsConfig(AppConfig):
    """Background jobs as members see them, and what exports leave behind."""

    name = "exports"
