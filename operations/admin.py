"""The log of all staff actions in the admin, read-only."""

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.staff.readonly import ReadOnlyAdmin


@admin.register(LogEntry)
class LogAdmin(ReadOnlyAdmin):
    """Who did what to what, and when."""

    list_display = ("action_time", "user", "words", "content_type", "row")
    list_display_links = ("action_time",)
    list_filter = ("action_time", "action_flag", ("content_type", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("user", "content_type")
    search_fields = ("user__username", "object_repr", "change_message")
    search_help_text = _("Username, or words in the entry")
    show_full_result_count = False
    hidden_fields = ("change_message",)
    extra_fields = ("words", "row")

    @admin.display(description=_("action"))
    def words(self, entry: LogEntry) -> str:
        """Return the action in the reader's language."""
        message = entry.get_change_message()
        return gettext(message) if message else str(entry.get_action_flag_display())

    @admin.display(description=_("object"))
    def row(self, entry: LogEntry) -> str:
        """Return a link to the row, if it has a page."""
        address = None if entry.is_deletion() else entry.get_admin_url()
        return format_html('<a href="{}">{}</a>', address, entry.object_repr) if address else entry.object_repr
