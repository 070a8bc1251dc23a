"""A member's API tokens in the complete archive."""

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.member_data import MemberData, Table, member_data
from accounts.models import User
from api.models import ApiToken


@member_data
class Tokens(MemberData):
    """The tokens, without what would open anything."""

    name = "tokens"
    contents = _("Your API tokens: what each allows, and when it was last used.")
    keys = ("api.ApiToken.user",)
    columns = {
        "name": "name",
        "scopes": "scopes",
        "created": "created_at",
        "expires": "expires_at",
        "last_used": "last_used_at",
    }
    table = Table(
        _("API tokens"),
        (_("Name"), _("What it allows"), _("Made"), _("Expires"), _("Last used")),
        lambda record: (
            record["name"],
            ", ".join(record["scopes"]),
            record["created"],
            record["expires"],
            record["last_used"],
        ),
    )

    @classmethod
    def rows(cls, user: User) -> QuerySet[ApiToken]:
        """Return the tokens."""
        return user.api_tokens.order_by("created_at", "pk")
