"""What the complete archive holds about messages besides the messages themselves."""

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.member_data import MemberData, Part, member_data
from accounts.models import User
from inbox.models import Conversation


@member_data
class Conversations(MemberData):
    """The member's list of conversations."""

    name = "conversations"
    contents = _("Your conversations, and how many of their messages you haven't read.")
    part = Part.MESSAGES
    keys = ("inbox.Conversation.member",)
    columns = {"with": "partner__username", "newest": "timestamp", "unread": "unread"}

    @classmethod
    def rows(cls, user: User) -> QuerySet[Conversation]:
        """Return the conversations."""
        return user.conversations.order_by("timestamp", "pk")
