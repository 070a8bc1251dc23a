"""How the number of unread messages stands in the header of every page. Found by `notifications`."""

from functools import partial
from typing import Any

from django.db import transaction
from django.db.models.signals import post_delete
from django.dispatch import receiver

from accounts.models import User
from inbox.models import Conversation
from inbox.services import UNREAD_MESSAGE_COUNT, unread_count_publish
from notifications import alerts

alerts.register_badge(UNREAD_MESSAGE_COUNT, script="inbox/badge.js")


@receiver(post_delete, sender=Conversation)
def count_without_who_left(*, instance: Conversation, **_signal: Any) -> None:
    """Count anew what is unread when its sender is deleted: no other page could take it off the badge."""
    if instance.unread:
        transaction.on_commit(partial(_publish, instance.member_id))


def _publish(user_id: int) -> None:
    if User.objects.filter(pk=user_id).exists():  # it is not, of the two, the member who left
        unread_count_publish(user_id=user_id)
