"""Rate limits (ACCOUNT_RATE_LIMITS), counted by django-allauth.

A button over its limit leads to the 429 page; a form comes back with its text.
"""

from collections.abc import Callable
from typing import Any

from allauth.core import ratelimit
from allauth.decorators import rate_limit
from django.core.exceptions import ValidationError
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

RETRY_AFTER = 300  # seconds; the error says "a few minutes"
TOO_OFTEN = "too_often"

View = Callable[..., HttpResponse]


def not_too_often(action: str, *, limit_get: bool = False) -> Callable[[View], View]:
    """Make a view respond to a POST (with `limit_get` to any request) with 429 when the action's limit is reached."""
    decorate: Callable[[View], View] = rate_limit(action=action, limit_get=limit_get)
    return decorate


def may_save(request: HttpRequest, form: BaseForm, action: str) -> bool:
    """Return whether a form was submitted, is valid, and within the action's limit; else it gets an error."""
    if not form.is_valid():
        return False
    if ratelimit.consume(request, action=action):
        return True
    words = _("You've done this too often in a short time. Your text is still here. Wait a few minutes and try again.")
    field = "body" if "body" in form.fields else None
    form.add_error(field, ValidationError(words, code=TOO_OFTEN))
    return False


def render_form(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """Render the page of `context["form"]`, with status 422 if it was rejected, 429 if over its limit."""
    form = context["form"]
    is_too_often = form.is_bound and any(form.has_error(field, TOO_OFTEN) for field in form.errors)
    response = render(request, template, context, status=429 if is_too_often else 422 if form.is_bound else 200)
    if is_too_often:
        response["Retry-After"] = str(RETRY_AFTER)
    return response
