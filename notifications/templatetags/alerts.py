"""Tags for the templates of alerts."""

from typing import Any

from django import template

from notifications.alerts import KINDS, Headline
from notifications.models import Notification

register = template.Library()


@register.simple_tag(takes_context=True)
def alerts_here(context: dict[str, Any]) -> list[tuple[str, Notification]]:
    """Return (template, notification) of each alert but those that the page shows itself (keys in `shown_here`)."""
    return [(name, item) for name, item in context["alerts"] if item.key not in context.get("shown_here", ())]


@register.filter
def headline(notification: Notification) -> Headline:
    """Return the short form of an alert."""
    return KINDS[notification.name].headline(notification.data)
