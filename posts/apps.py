"""The posts app."""

from django.apps import AppConfig
from django.db.backends.signals import connection_created

from posts.search.installing import prepare_connection


class PostsConfig(AppConfig):
    """Posts, and the pages that show them."""

    name = "posts"

    def ready(self) -> None:
        """Let each connection know what the search needs."""
        connection_created.connect(prepare_connection)
