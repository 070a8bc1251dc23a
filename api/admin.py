"""Tokens in the admin: whose they are and how long they open something, but neither their name nor their digest."""

from django.contrib import admin

from api.models import ApiToken
from core.staff.readonly import ReadOnlyAdmin


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnlyAdmin):
    """The list and the page of tokens."""

    list_display = ("id", "user", "created_at", "expires_at", "last_used_at")
    list_filter = ("created_at", "expires_at")
    list_select_related = ("user",)
    search_fields = ("user__username", "user__email")
    show_full_result_count = False
    hidden_fields = ("name", "digest")
