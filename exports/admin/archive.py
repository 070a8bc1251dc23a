"""Archives in the admin: their size, their fate and their mail, never what is inside."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from exports.admin.readonly import ReadOnlyAdmin
from exports.models import Archive


@admin.register(Archive)
class ArchiveAdmin(ReadOnlyAdmin):
    """The list and the page of archives."""

    list_display = ("task_id", "filename", "user", "size", "created_at", "expires_at", "download_count", "mailed_at")
    list_filter = ("created_at", "mailed_at")
    list_select_related = ("user",)
    search_fields = ("user__username", "user__email")
    show_full_result_count = False
    hidden_fields = ("file",)
    actions = ("mail_again",)

    @admin.action(description=_("Send the mail again"), permissions=["change"])
    def mail_again(self, request: HttpRequest, archives: QuerySet[Archive]) -> None:
        """Make the mail due; a worker sends it within seconds."""
        archives.available().update(mailed_at=None, mailed_to="", mail_due_at=timezone.now(), mail_attempts=0)  # type: ignore[attr-defined]
