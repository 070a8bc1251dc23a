"""The posts app."""

from django.apps import AppConfig


class PostsConfig(AppConfig):
    """Posts, and the pages that show them."""

    name = "posts"
