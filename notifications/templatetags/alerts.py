"""What the templates of alerts ask."""

from typing import Any

from django import template

from notifications.alerts import KINDS, Headline
from notifications.models import Notification

register = template.Library()


@register.simple_tag(takes_context=True)
def alerts_here(context: dict[str, Any]) -> list[tuple[str, Notification]]:
    """Return (template, notification) of each alert that the page does not show itself (`shown_here`: their keys)."""
    return [(name, item) for name, item in context["alerts"] if item.key not in context.get("shown_here", ())]


@register.filter
def headline(notification: Notification) -> Headline:
    """Return an alert in two words."""
    return KINDS[notification.name].headline(notification.data)
