"""Tags for the templates of forms."""

from typing import Any

from django import forms, template
from django.core.exceptions import SuspiciousOperation
from django.forms.boundfield import BoundField
from django.http import UnreadablePostError
from django.http.multipartparser import MultiPartParserError

register = template.Library()


@register.filter
def is_checkbox(field: BoundField) -> bool:
    """Return whether the field is a single checkbox, whose label follows it."""
    return isinstance(field.field.widget, forms.CheckboxInput)


@register.simple_tag(takes_context=True)
def posted_next(context: dict[str, Any]) -> str:
    """Return the form's `next`; "" if the body is unreadable, as an error page must still render."""
    try:
        return str(context["request"].POST.get("next", ""))
    except (MultiPartParserError, SuspiciousOperation, UnreadablePostError):
        return ""
