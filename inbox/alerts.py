"""The badge with the number of unread messages, in the header of every page; `notifications` imports this."""

from functools import partial
from typing import Any

from django.db import transaction
from django.db.models.signals import post_delete
from django.dispatch import receiver

from accounts.models import User
from inbox.models import Conversation
from inbox.services import UNREAD_MESSAGE_COUNT, unread_count_publish
from notifications.alerts import BADGES

BADGES[UNREAD_MESSAGE_COUNT] = "inbox/badge.js"


@receiver(post_delete, sender=Conversation)
def count_without_who_left(*, instance: Conversation, **_signal: Any) -> None:
    """Recount when the sender of unread messages is deleted: no page could mark them as read."""
    if instance.unread:
        transaction.on_commit(partial(_publish, instance.member_id))


def _publish(user_id: int) -> None:
    if User.objects.filter(pk=user_id).exists():  # the deleted member is the other one
        unread_count_publish(user_id=user_id)
