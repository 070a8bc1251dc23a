"""What else happens when a password or a name changes."""

from allauth.account.models import EmailAddress
from allauth.account.signals import password_changed, password_reset, user_logged_in
from allauth.core.internal import ratelimit
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse

from accounts.adapter import login_limits
from accounts.known_browsers import browser_remember
from accounts.models import User


@receiver(user_logged_in)
def remember_browser(request: HttpRequest, response: HttpResponse, user: User, **_kwargs: object) -> None:
    """Let a browser in which somebody has signed in have a limit of its own for wrong passwords."""
    browser_remember(request, response, {user.username, user.email} - {""})


@receiver([password_changed, password_reset])
def forget_new_address(user: User, **_kwargs: object) -> None:
    """Forget the address that the account was about to change to: it may be that of whoever knew the old password."""
    if EmailAddress.objects.filter(user=user, verified=True).exists():
        EmailAddress.objects.filter(user=user, verified=False).delete()


@receiver(password_reset)
def forget_guesses(request: HttpRequest, user: User, **_kwargs: object) -> None:
    """Let a member who has proved by email who they are sign in at once, however many guesses there were."""
    for login in (user.username.lower(), user.email.lower()):
        for action, key in login_limits(request, login):
            ratelimit.clear(request, app="allauth.account", action=action, key=key)
