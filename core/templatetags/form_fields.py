"""What the templates of forms need to know."""

from typing import Any

from django import forms, template
from django.core.exceptions import SuspiciousOperation
from django.forms.boundfield import BoundField
from django.http import UnreadablePostError
from django.http.multipartparser import MultiPartParserError

register = template.Library()


@register.filter
def is_checkbox(field: BoundField) -> bool:
    """Return whether the field is a single box to tick, whose label stands behind it."""
    return isinstance(field.field.widget, forms.CheckboxInput)


@register.simple_tag(takes_context=True)
def posted_next(context: dict[str, Any]) -> str:
    """Return what the form names as `next`; "" for a body that cannot be read, which an error page must survive."""
    try:
        return str(context["request"].POST.get("next", ""))
    except (MultiPartParserError, SuspiciousOperation, UnreadablePostError):
        return ""
