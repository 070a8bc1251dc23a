"""Side effects of signing in or up, and of a new password."""

from allauth.account.models import EmailAddress
from allauth.account.signals import password_changed, password_reset, user_logged_in, user_signed_up
from allauth.core.internal import ratelimit
from django.contrib.auth import signals as auth_signals
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.utils import translation

from accounts.models import User
from accounts.settings.preferences import language_of
from accounts.sign_in.adapter import login_limits
from accounts.sign_in.known_browsers import browser_remember


@receiver(user_logged_in)
def remember_browser(request: HttpRequest, response: HttpResponse, user: User, **_kwargs: object) -> None:
    """Give a browser that has signed in a limit of its own for wrong passwords."""
    browser_remember(request, response, {user.username, user.email} - {""})


@receiver([password_changed, password_reset])
def forget_new_address(user: User, **_kwargs: object) -> None:
    """Delete an unconfirmed new address: someone who knew the old password may have entered it."""
    if EmailAddress.objects.filter(user=user, verified=True).exists():
        EmailAddress.objects.filter(user=user, verified=False).delete()


@receiver(password_reset)
def forget_guesses(request: HttpRequest, user: User, **_kwargs: object) -> None:
    """Clear the limits on signing in: the member has proved their identity by email."""
    for login in (user.username.lower(), user.email.lower()):
        for action, key in login_limits(request, login):
            ratelimit.clear(request, app="allauth.account", action=action, key=key)


@receiver([auth_signals.user_logged_in, user_signed_up])
def note_language(request: HttpRequest, user: User, **_kwargs: object) -> None:
    """Save the language of the page on which the member signs in or up, then switch to the one they chose.

    The messages of this request are shown on the member's own pages.
    """
    if not hasattr(request, "LANGUAGE_CODE"):  # not from a browser: a test, or a program
        return
    asked_for = request.LANGUAGE_CODE
    User.objects.filter(pk=user.pk).exclude(browser_language=asked_for).update(browser_language=asked_for)
    if chosen := language_of(user):
        translation.activate(chosen)
