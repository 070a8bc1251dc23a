"""Send and read messages.

Everything locks the members' rows first, in the order of their ids, so that two members who write to each other at the
same time cannot deadlock.
"""

from django.db import transaction
from django.db.models import F, Sum

from accounts.models import User
from inbox.models import Conversation, Message
from notifications.services import notify

UNREAD_MESSAGE_COUNT = "unread_message_count"


def message_send(*, sender: User, recipient: User, body: str) -> Message:
    """Send a message; the recipient's open pages get the new count by the poll.

    Raises ValueError for a member who would write to themselves.
    """
    if sender.pk == recipient.pk:
        raise ValueError(f"{sender.username!r} cannot write to themselves; name another member.")
    with transaction.atomic():
        _members_lock(sender, recipient)
        message = Message.objects.create(sender=sender, recipient=recipient, body=body)
        _conversations_move_up(message)
        Conversation.objects.filter(member=recipient, partner=sender).update(unread=F("unread") + 1)
        unread_count_publish(user_id=recipient.pk)
    return message


def conversation_read(conversation: Conversation) -> None:
    """Mark a conversation as read, without a query if it has no unread messages."""
    if not conversation.unread:
        return
    with transaction.atomic():
        _members_lock(conversation.member)
        if Conversation.objects.filter(pk=conversation.pk, unread__gt=0).update(unread=0):
            unread_count_publish(user_id=conversation.member_id)


def unread_count_publish(*, user_id: int) -> None:
    """Publish the number of unread messages to the member's pages."""
    unread = Conversation.objects.filter(member_id=user_id, unread__gt=0).aggregate(count=Sum("unread"))
    notify(user_id=user_id, name=UNREAD_MESSAGE_COUNT, data=unread["count"] or 0)


def _members_lock(*members: User) -> None:
    """Lock the members' rows until the commit; on SQLite the transaction itself is the lock.

    Raises User.DoesNotExist if one has just been erased.
    """
    rows = User.objects.filter(pk__in=[member.pk for member in members]).order_by("pk")
    if len(rows.select_for_update(no_key=True).values_list("pk")) < len(members):
        raise User.DoesNotExist


def _conversations_move_up(message: Message) -> None:
    """Make the message the newest of the conversation on both sides, and create them for its first message."""
    members = message.sender, message.recipient
    Conversation.objects.bulk_create(
        [
            Conversation(member=member, partner=partner, newest=message, timestamp=message.timestamp)
            for member, partner in (members, members[::-1])
        ],
        update_conflicts=True,
        unique_fields=["member", "partner"],
        update_fields=["newest", "timestamp"],
    )
