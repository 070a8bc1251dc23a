"""Tells the apps of a member's new password, so that what whoever knew the old one may have made comes to an end."""

from typing import Any

from django.db.models.signals import post_save
from django.dispatch import Signal, receiver

from accounts.models import User

password_set = Signal()
"""Sent with `user` when a password was set, by the member, staff or a command, or taken from them."""


@receiver(post_save, sender=User)
def tell(instance: User, created: bool, **_signal: Any) -> None:
    """Send `password_set` if there is a new password.

    Django has the raw password there until the row is saved, and not when a sign-in only upgrades the hash.
    """
    is_set = instance._password is not None  # type: ignore[attr-defined]
    if not created and (is_set or not instance.has_usable_password()):
        password_set.send(User, user=instance)
