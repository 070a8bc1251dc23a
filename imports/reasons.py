"""Why an entry of an archive is not imported."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Reason(TextChoices):
    """Why an entry of an archive is not imported. The first three are the member's choice."""

    UNLISTED = "unlisted", _("unlisted post")
    THREAD = "thread", _("reply to a post of your own")
    REPLY = "reply", _("reply to someone else")
    PRIVATE = "private", _("not public")
    BOOST = "boost", _("someone else's post that you shared")
    DELETED = "deleted", _("deleted post")
    OLDER_VERSION = "older_version", _("earlier version of an edited post")
    NO_TEXT = "no_text", _("no text, only pictures or a link to another post")
    TOO_LONG = "too_long", _("longer than the limit")
    BAD_TIME = "bad_time", _("invalid date")
    OTHER = "other", _("not a post")
    UNREADABLE = "unreadable", _("damaged")
