"""The language that a member's browser asks for, kept for what is written to them when no browser asks."""

from typing import Any

from allauth.account.signals import user_signed_up
from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import translation

from accounts.models import User
from accounts.preferences import language_of


@receiver([user_logged_in, user_signed_up])
def note_language(*, request: HttpRequest, user: User, **_signal: Any) -> None:
    """Keep the language of the page on which the member signs in or up, and go on in the one that they chose.

    The messages of this request are read on the member's own pages.
    """
    if not hasattr(request, "LANGUAGE_CODE"):  # no browser asks: a test, or a program
        return
    asked_for = request.LANGUAGE_CODE
    User.objects.filter(pk=user.pk).exclude(browser_language=asked_for).update(browser_language=asked_for)
    if chosen := language_of(user):
        translation.activate(chosen)
