"""Notifications in the admin, read-only."""

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from notifications.models import Notification


@admin.register(Notification)
class NotificationAdmin(admin.ModelAdmin[Notification]):
    """Members' notifications."""

    list_display = ("user", "name", "key", "dismissed")
    list_filter = ("name", "dismissed")
    list_select_related = ("user",)
    search_fields = ("user__username", "key")
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Forbid it: the site creates them."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Forbid it: they are read-only."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Forbid it: a member's alert would vanish silently."""
        return False
