"""A new password revokes all tokens: whoever knew the old one may have made some."""

from typing import Any

from django.db.models.signals import post_save
from django.dispatch import receiver

from accounts.models import User
from api.models import ApiToken


@receiver(post_save, sender=User)
def revoke_tokens(instance: User, created: bool, **_signal: Any) -> None:
    """Delete the member's tokens if `set_password` was called, by the member, staff or a command.

    Django has the raw password there until the row is saved, and not when a sign-in only upgrades the hash.
    """
    if not created and instance._password is not None:  # type: ignore[attr-defined]
        ApiToken.objects.filter(user=instance).delete()
