"""Messages and conversations."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Greatest, Least
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User

MAX_CHARACTERS = 2000  # of a message

# The two members of a message in a fixed order: an index on them finds the messages of both.
LOWER_MEMBER = Least("sender_id", "recipient_id", output_field=models.BigIntegerField())
HIGHER_MEMBER = Greatest("sender_id", "recipient_id", output_field=models.BigIntegerField())


class MessageQuerySet(models.QuerySet["Message"]):
    """The vocabulary of message queries."""

    def between(self, one: User, other: User) -> Self:
        """Return the messages between two members."""
        lower, higher = sorted((one.pk, other.pk))
        return self.alias(lower=LOWER_MEMBER, higher=HIGHER_MEMBER).filter(lower=lower, higher=higher)

    def of(self, user_id: int) -> Self:
        """Return the member's sent and received messages."""
        return self.filter(Q(sender_id=user_id) | Q(recipient_id=user_id))


class Message(models.Model):
    """A private message from one member to another."""

    sender = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="messages_sent", db_index=False, verbose_name=_("from")
    )
    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="messages_received", db_index=False, verbose_name=_("to")
    )
    body = models.TextField(_("body"))
    timestamp = models.DateTimeField(_("written at"), default=timezone.now)

    objects = MessageQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(sender=models.F("recipient")), name="no_message_to_oneself"),
        ]
        indexes = [
            models.Index(LOWER_MEMBER, HIGHER_MEMBER, "timestamp", "id", name="message_by_members"),
            models.Index("sender", "timestamp", "id", name="message_by_sender"),
            models.Index("recipient", "timestamp", "id", name="message_by_recipient"),
        ]

    def __str__(self) -> str:
        return f"{self.sender_id} to {self.recipient_id}"  # not the body, which is neither for logs nor for staff


class Conversation(models.Model):
    """One member's side of a conversation, as their list of conversations shows it."""

    member = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="conversations", db_index=False, verbose_name=_("member")
    )
    partner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("partner"))
    newest = models.ForeignKey(Message, models.CASCADE, related_name="+", verbose_name=_("newest message"))
    timestamp = models.DateTimeField(_("newest at"))  # the newest message's: it orders the list
    unread = models.PositiveIntegerField(_("unread messages"), default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["member", "partner"], name="one_side_a_member_and_partner")]
        indexes = [
            models.Index("member", "timestamp", "id", name="conversation_by_time"),
            models.Index("member", "unread", condition=Q(unread__gt=0), name="conversation_unread"),
        ]

    def __str__(self) -> str:
        return f"{self.member_id} with {self.partner_id}"

    def get_absolute_url(self) -> str:
        """Return the address of the newest message on the conversation's page."""
        return f"{reverse('inbox:conversation', args=[self.partner.username])}#newest"
