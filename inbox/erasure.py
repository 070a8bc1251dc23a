"""Correct other members' unread counts when an account is erased."""

from typing import Any

from django.dispatch import receiver

from accounts.closing.erasure import account_erasing
from accounts.models import User
from inbox.models import Conversation
from inbox.services import conversation_read


@receiver(account_erasing)
def correct_unread_counts(*, user: User, **_signal: Any) -> None:
    """Mark the member's messages as read: others' pages show the number of unread ones."""
    for conversation in Conversation.objects.filter(partner=user, unread__gt=0):
        conversation_read(conversation)
