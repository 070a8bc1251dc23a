"""How often a member may make work for the workers: EXPORT_START_LIMIT times in ten minutes, however it ends.

The pause after a success (`exports.services.cooldown`) does not hold up who starts and cancels, over and over.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.core import ratelimit
from django.http import HttpRequest, HttpResponse

View = Callable[..., HttpResponse]


def not_too_often(view: View) -> View:
    """Return `view`, answered with 429 and the site's own page to a member who was here too often."""

    @wraps(view)
    def limited(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        refusal: HttpResponse | None = ratelimit.consume_or_429(request, action="export")
        return refusal or view(request, *args, **kwargs)

    return limited
