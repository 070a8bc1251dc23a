"""The way back that a form named, for pages that answer it."""

from typing import Any

from django import template
from django.core.exceptions import SuspiciousOperation
from django.http import UnreadablePostError
from django.http.multipartparser import MultiPartParserError

register = template.Library()


@register.simple_tag(takes_context=True)
def posted_next(context: dict[str, Any]) -> str:
    """Return what the form names as `next`; "" for a body that cannot be read, which an error page must survive."""
    try:
        return str(context["request"].POST.get("next", ""))
    except (MultiPartParserError, SuspiciousOperation, UnreadablePostError):
        return ""
