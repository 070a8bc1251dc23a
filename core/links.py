"""Addresses of this site for readers elsewhere: in emails, in archives and between servers."""

from django.conf import settings
from django.urls import reverse


def absolute_url(path: str) -> str:
    """Return the whole address of a path of the site, such as `https://microblog.example/exports/`."""
    return f"{settings.SITE_URL}{path}"


def page_url(name: str, *args: object) -> str:
    """Return the whole address of the page that the URL configuration knows as `name`."""
    return absolute_url(reverse(name, args=args))


def is_ours(url: str) -> bool:
    """Return whether a whole address is one of this site."""
    return url == settings.SITE_URL or url.startswith(f"{settings.SITE_URL}/")
