"""Members in the admin."""

from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.utils.translation import gettext_lazy as _

from accounts.models import Follow, User


@admin.register(User)
class MemberAdmin(UserAdmin[User]):
    """The list and the page of members."""

    list_display = ("username", "email", "is_staff", "is_active", "date_joined", "last_seen")
    show_full_result_count = False
    readonly_fields = ("last_seen", "last_login", "date_joined", "notification_cursor")
    fieldsets: ClassVar[Any] = (
        *(UserAdmin.fieldsets or ()),
        (_("Profile"), {"fields": ("about_me", "last_seen", "notification_cursor")}),
    )
    add_fieldsets: Any = (
        (None, {"classes": ("wide",), "fields": ("username", "email", "usable_password", "password1", "password2")}),
    )


@admin.register(Follow)
class FollowAdmin(admin.ModelAdmin[Follow]):
    """Who follows whom."""

    list_display = ("follower", "followed", "created_at")
    list_select_related = ("follower", "followed")
    search_fields = ("follower__username", "followed__username")
    raw_id_fields = ("follower", "followed")
    show_full_result_count = False
