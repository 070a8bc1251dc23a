"""A member's imports in the complete archive."""

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.member_data import MemberData, Table, member_data
from accounts.models import User
from imports.models import Import, LeftOut, Stage

STAGES = dict(Stage.choices)


@member_data
class Imports(MemberData):
    """The files that the member brought, without the files themselves."""

    name = "imports"
    contents = _("The files you imported: what you chose, and what became of each.")
    keys = ("imports.Import.user",)
    columns = {
        "id": "id",
        "stage": "stage",
        "filename": "filename",
        "size": "size",
        "uploaded": "created_at",
        "imported": "ended_at",
        "source": "source",
        "owner": "owner",
        "preview": "preview",
        "choices": "choices",
        "report": "report",
    }
    table = Table(
        _("Imports"),
        (_("When"), _("File"), _("From"), _("Status")),
        lambda record: (
            record["uploaded"],
            record["filename"],
            record["source"],
            STAGES.get(record["stage"], record["stage"]),
        ),
    )

    @classmethod
    def rows(cls, user: User) -> QuerySet[Import]:
        """Return the imports."""
        return user.imports.order_by("created_at", "pk")


@member_data
class EntriesLeftOut(MemberData):
    """The entries that were not imported."""

    name = "left_out"
    contents = _("What these imports left out, and why.")
    keys = ("imports.LeftOut.upload",)
    columns = {"import": "upload_id", "reason": "reason", "detail": "detail", "url": "url", "written": "written_at"}

    @classmethod
    def rows(cls, user: User) -> QuerySet[LeftOut]:
        """Return the entries."""
        return LeftOut.objects.filter(upload__user=user).order_by("pk")
