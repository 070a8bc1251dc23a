"""The account's records in the complete archive: email addresses, sessions, and what staff did."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice
from operator import itemgetter
from typing import Any, cast

from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.account.models import EmailAddress
from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model, QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.closing.erasure import belongings
from accounts.member_data import BATCH_SIZE, MemberData, Table, member_data
from accounts.models import Session, User
from accounts.sign_in.sessions import SessionStore
from core.requests.kept_forms import KEY as KEPT_FORM

ACTIONS = {ADDITION: "added", CHANGE: "changed", DELETION: "deleted"}


@member_data
class Addresses(MemberData):
    """Every email address, not only the one that emails go to."""

    name = "addresses"
    contents = _("Your email addresses.")
    keys = ("account.EmailAddress.user",)
    columns = {"email": "email", "is_verified": "verified", "is_primary": "primary"}
    table = Table(
        _("Email addresses"),
        (_("Address"), _("Confirmed"), _("Receives emails")),
        itemgetter("email", "is_verified", "is_primary"),
    )

    @classmethod
    def rows(cls, user: User) -> QuerySet[EmailAddress]:
        """Return the addresses."""
        return EmailAddress.objects.filter(user=user).order_by("pk")


@member_data
class Sessions(MemberData):
    """The sessions, without the keys that give access to them."""

    name = "sessions"
    contents = _(
        "The browsers in which you are signed in: when and how you signed in, and when the session ends. "
        "The site doesn't record devices."
    )
    keys = ("accounts.Session.user",)
    columns = {"data": "session_data", "expires": "expire_date"}
    table = Table(
        _("Signed-in browsers"),
        (_("Signed in"), _("Ends")),
        lambda record: (record["signed_in"][0]["at"] if record["signed_in"] else None, record["expires"]),
    )

    @classmethod
    def rows(cls, user: User) -> QuerySet[Session]:
        """Return the sessions."""
        return Session.objects.select_related(None).filter(user=user).order_by("expire_date")

    @classmethod
    def record(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Return what the session's data says of the member."""
        data = SessionStore().decode(values["data"])
        signed_in = [
            {"method": record["method"], "at": datetime.fromtimestamp(record["at"], UTC)}
            for record in data.get(AUTHENTICATION_METHODS_SESSION_KEY, [])
        ]
        unsent = data.get(KEPT_FORM) or {}
        return {"signed_in": signed_in, "expires": values["expires"], "unsent_texts": unsent.get("fields", {})}


@member_data
class StaffActions(MemberData):
    """The entries of the admin's log about the member and their rows, without the staff's names."""

    name = "staff_actions"
    contents = _("What staff did to your account and to what belongs to it. Staff stay anonymous.")
    keys = ()  # the log names a row by its table and its number
    table = Table(_("What staff did"), (_("When"), _("What")), lambda record: (record["at"], record["message"]))

    @classmethod
    def records(cls, user: User, **_dates: datetime | None) -> Iterator[dict[str, Any]]:
        """Yield the entries about rows that still exist: the log doesn't say whose the others were."""
        rows_of: dict[type[Model] | None, list[QuerySet[Any]]] = defaultdict(list)
        rows_of[User].append(User.objects.filter(pk=user.pk))
        for rows in belongings(user):
            rows_of[rows.model].append(rows)
        owned = {table.pk: rows_of.get(table.model_class(), []) for table in ContentType.objects.all()}
        entries = LogEntry.objects.filter(content_type__in=owned, object_id__isnull=False).order_by("pk")
        # From the log to the rows: a member can have a million posts.
        found = entries.select_related("content_type").iterator(chunk_size=BATCH_SIZE)
        while batch := list(islice(found, BATCH_SIZE)):
            mine = _own(batch, owned)
            yield from (_entry(entry) for entry in batch if (entry.content_type_id, entry.object_id) in mine)


def _own(entries: list[LogEntry], owned: Mapping[int, list[QuerySet[Any]]]) -> set[tuple[int | None, str | None]]:
    """Return the tables and numbers that are in the entries and belong to the member."""
    numbers: dict[int, set[str]] = defaultdict(set)
    for entry in entries:
        numbers[cast(int, entry.content_type_id)].add(cast(str, entry.object_id))
    return {
        (table, str(pk))
        for table, wanted in numbers.items()
        for rows in owned[table]
        for pk in rows.filter(pk__in=wanted).values_list("pk", flat=True)
    }


def _entry(entry: LogEntry) -> dict[str, Any]:
    return {
        "at": entry.action_time,
        "action": ACTIONS[entry.action_flag],
        "record": cast(ContentType, entry.content_type).model,
        "id": entry.object_id,
        "message": gettext(message) if (message := entry.get_change_message()) else entry.get_action_flag_display(),
    }
