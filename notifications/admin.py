"""Notifications in the admin, to look at."""

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from notifications.models import Notification


@admin.register(Notification)
class NotificationAdmin(admin.ModelAdmin[Notification]):
    """The members' latest news."""

    list_display = ("user", "name", "key", "dismissed")
    list_filter = ("name", "dismissed")
    list_select_related = ("user",)
    search_fields = ("user__username", "key")
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return no: they come from the site."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Return no: they are shown only."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Return no: a member's alert would vanish without a word."""
        return False
