"""Imports in the admin: whose they are, how far and how large, but neither the file nor what is in it."""

from django.contrib import admin
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from core.staff.readonly import ReadOnlyAdmin
from imports.models import Import
from imports.services.uploads import tasks_of


@admin.register(Import)
class ImportAdmin(ReadOnlyAdmin):
    """The list and the page of imports."""

    list_display = ("id", "user", "stage", "source", "readable_size", "created_at", "ended_at")
    list_filter = ("stage", "created_at")
    list_select_related = ("user",)
    search_fields = ("user__username", "user__email", "source")
    show_full_result_count = False
    # What the member calls their file, whose it was elsewhere, and what is in it.
    hidden_fields = ("file", "filename", "size", "owner", "preview", "choices", "report")
    extra_fields = ("readable_size", "tasks")

    @admin.display(description=_("size"), ordering="size")
    def readable_size(self, upload: Import) -> str:
        """Return the size such as "11.8 MB"."""
        return filesizeformat(upload.size)

    @admin.display(description=_("tasks"))
    def tasks(self, upload: Import) -> SafeString:
        """Return links to the import's tasks, the newest first."""
        links = (
            (reverse("admin:tasks_task_change", args=[task.pk]), task.name, task.get_status_display())
            for task in tasks_of(upload)
        )
        return format_html_join(", ", '<a href="{}">{} ({})</a>', links)
