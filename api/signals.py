"""A new password revokes all tokens: whoever knew the old one may have made some."""

from typing import Any

from django.db.models.signals import post_save
from django.dispatch import receiver

from accounts.models import User
from api.models import ApiToken


@receiver(post_save, sender=User)
def revoke_tokens(instance: User, created: bool, **_signal: Any) -> None:
    """Delete the member's tokens if a password was set, by the member, staff or a command, or taken from them.

    Django has the raw password there until the row is saved, and not when a sign-in only upgrades the hash.
    """
    is_set = instance._password is not None  # type: ignore[attr-defined]
    if not created and (is_set or not instance.has_usable_password()):
        ApiToken.objects.filter(user=instance).delete()
