"""The posts app."""

from django.apps import AppConfig
from django.db.backends.signals import connection_created
from django.utils.translation import gettext_lazy as _

from posts.search.installing import prepare_connection


class PostsConfig(AppConfig):
    """Posts, and the pages that show them."""

    name = "posts"
    verbose_name = _("Posts")

    def ready(self) -> None:
        """Prepare each database connection for the search."""
        connection_created.connect(prepare_connection)
