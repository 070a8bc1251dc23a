"""A new password revokes all tokens."""

from typing import Any

from django.dispatch import receiver

from accounts.models import User
from accounts.sign_in.new_password import password_set
from api.models import ApiToken


@receiver(password_set)
def revoke_tokens(user: User, **_signal: Any) -> None:
    """Delete the member's tokens."""
    ApiToken.objects.filter(user=user).delete()
