"""The inbox app."""

from django.apps import AppConfig


class InboxConfig(AppConfig):
    """Private messages between two members, and how many of them are unread."""

    name = "inbox"
