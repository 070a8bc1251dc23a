"""The WSGI application, for gunicorn: `gunicorn microblog_project.wsgi`."""

import os
import re
from collections.abc import Callable, Iterable
from typing import Any

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "microblog_project.settings")

BOUNDARY = re.compile(r'boundary=(?:"[^"]*"|[^;"]*)', re.IGNORECASE)

django_application = get_wsgi_application()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer a request by Django's application, without the charset of the body's type.

    Django looks up the codec of a `charset` before any middleware runs, and fails for one that decodes no text.
    """
    environ["CONTENT_TYPE"] = plain_content_type(environ.get("CONTENT_TYPE", ""))
    return django_application(environ, start_response)


def plain_content_type(content_type: str) -> str:
    """Return the content type with no other parameter than the boundary; all texts are UTF-8."""
    boundary = BOUNDARY.search(content_type)
    return content_type.partition(";")[0] + (f"; {boundary[0]}" if boundary else "")
