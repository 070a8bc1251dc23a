"""Show moments on pages: relative, with the exact time as a title. static/times.js updates them."""

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
"""How long a moment is shown as "3 days ago" instead of its date; static/times.js has the same limit."""

ELEMENT = '<time datetime="{}" title="{}" data-time="ago">{}</time>'


@register.simple_tag
def time_element(moment: datetime) -> SafeString:
    """Return a past moment as "2 minutes ago", or as its date when older than a week."""
    is_recent = timezone.now() - moment < RECENT
    shown = naturaltime(moment) if is_recent else date_format(timezone.localtime(moment))
    return format_html(ELEMENT, for_programs(moment), moment_in_words(moment), shown)


@register.simple_tag
def exact_time_element(moment: datetime) -> SafeString:
    """Return a moment with date, minute and zone; JavaScript converts it to the browser's zone."""
    return format_html('<time datetime="{}" data-time="exact">{}</time>', for_programs(moment), moment_in_words(moment))


def for_programs(moment: datetime) -> str:
    """Return the moment for a `datetime` attribute, which allows milliseconds at most."""
    return moment.isoformat(timespec="seconds")
