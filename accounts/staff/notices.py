"""Tell members when staff change what they sign in with."""

from collections.abc import Mapping

from allauth.account.adapter import get_adapter
from allauth.account.models import EmailAddress

from accounts.models import User


def tell_of_changes(user: User, before: Mapping[str, str]) -> None:
    """Notify the member of a new name or address; `before` holds the old values of what changed."""
    if address := before.get("email"):
        _tell("email_changed", user, address, from_email=address, to_email=user.email)
    if name := before.get("username"):
        _tell("username_changed", user, from_name=name, to_name=user.username)


def tell_of_password(user: User) -> None:
    """Notify the member of a new password."""
    _tell("password_changed", user)


def tell_of_address(row: EmailAddress) -> None:
    """Notify the member, at their old address, of another address that gives access to their account."""
    user = row.user
    if row.email != user.email:
        known = user.emailaddress_set.exclude(pk=row.pk).filter(verified=True).order_by("-primary").first()
        _tell("email_added", user, known.email if known else user.email, added_email=row.email)


def _tell(name: str, user: User, address: str = "", **context: str) -> None:
    """Send the notice, by default to the member's confirmed address."""
    if to := address or EmailAddress.objects.get_primary_email(user) or user.email:
        facts = {"user": user, "is_by_staff": True, **context}
        get_adapter().send_notification_mail(f"account/email/{name}", user, facts, email=to)
