"""Notifications in the admin, read-only."""

from django.contrib import admin

from core.staff.readonly import ReadOnlyAdmin
from notifications.models import Notification


@admin.register(Notification)
class NotificationAdmin(ReadOnlyAdmin):
    """Members' notifications."""

    list_display = ("user", "name", "key", "dismissed")
    list_filter = ("name", "dismissed")
    list_select_related = ("user",)
    search_fields = ("user__username", "key")
    show_full_result_count = False
