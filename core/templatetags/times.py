"""Moments on pages: how long ago, with the exact time at hand. static/times.js keeps them true in the browser."""

from datetime import datetime, timedelta

from django import template
from django.contrib.humanize.templatetags.humanize import naturaltime
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString

from core.humanize import moment_in_words

register = template.Library()

RECENT = timedelta(days=7)
"""How long a moment is told as "3 days ago", before its date says more; the same is in static/times.js."""

ELEMENT = '<time datetime="{}" title="{}" data-time="{}">{}</time>'


@register.simple_tag
def time_element(moment: datetime) -> SafeString:
    """Return a moment that has passed as "2 minutes ago" or, when it is older than a week, as its date."""
    exact = moment_in_words(moment)
    if timezone.now() - moment < RECENT:
        return format_html(ELEMENT, for_programs(moment), exact, "ago", naturaltime(moment))
    return format_html(ELEMENT, for_programs(moment), exact, "ago", date_format(timezone.localtime(moment)))


@register.simple_tag
def exact_time_element(moment: datetime) -> SafeString:
    """Return a moment with day, minute and zone, which is the member's own where JavaScript knows it."""
    return format_html('<time datetime="{}" data-time="exact">{}</time>', for_programs(moment), moment_in_words(moment))


def for_programs(moment: datetime) -> str:
    """Return the moment as HTML wants it: with no more than milliseconds."""
    return moment.isoformat(timespec="seconds")
