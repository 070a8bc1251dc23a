"""What templates may ask about exports, and how they say times."""

from django import template

from accounts.models import User
from exports.models import Task
from exports.services.cooldown import next_start_in_words
from exports.services.offers import Offer
from exports.services.offers import export_offers as offers_for
from exports.services.waiting import Wait
from exports.services.waiting import task_wait as wait_of
from exports.services.words import duration_in_words, moment_from_text, moment_in_words

register = template.Library()
register.filter("next_start_in_words", next_start_in_words)
register.filter("duration_in_words", duration_in_words)
register.filter("moment_in_words", moment_in_words)
register.filter("moment_from_text", moment_from_text)


@register.simple_tag
def export_offers(user: User) -> dict[str, Offer]:
    """Return the kinds of export, each with whether the member can start it now."""
    return offers_for(user)


@register.simple_tag
def task_wait(task: Task) -> Wait | None:
    """Return what a queued task waits for."""
    return wait_of(task)
