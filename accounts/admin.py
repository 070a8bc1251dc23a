"""Members in the admin."""

from collections.abc import Sequence
from typing import Any, ClassVar

from allauth.account.admin import EmailAddressAdmin
from allauth.account.models import EmailAddress
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group
from django.db import IntegrityError
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from accounts.closing.deletion import deletion_order
from accounts.models import Follow, User
from accounts.sign_in.reauthentication import password_redirect
from accounts.staff.forms import MemberCreationForm, MemberForm, MemberPasswordForm
from accounts.staff.notices import tell_of_address, tell_of_changes
from core.requests.deleted_rows import is_vanished
from core.staff.actions import StaffAction, ask_and_act
from core.staff.log import LoggedByNumber

ROLES = ("is_staff", "is_superuser", "groups", "user_permissions")
"""The fields that make a member staff, and grant permissions."""


def not_erasable(users: Sequence[User]) -> dict[object, str]:
    """Return, by primary key, why some of the accounts cannot be erased."""
    reasons: dict[object, str] = {}
    for user in users:
        if user.is_staff or user.is_superuser:
            reasons[user.pk] = gettext("it has staff rights; remove them first")
        elif not user.is_active and user.deletion_due_at and user.deletion_due_at <= timezone.now():
            reasons[user.pk] = gettext("it is being erased")
    return reasons


def has_rights(user: User) -> bool:
    """Return whether the member is staff, or has permissions that would count if they were."""
    return user.is_staff or user.is_superuser or user.groups.exists() or user.user_permissions.exists()


ERASE = StaffAction(
    name="erase",
    title=_("Erase accounts"),
    consequence=_(
        "These members will be signed out immediately and won't be able to sign in again. Within minutes a worker will "
        "erase their accounts with all their data: posts, messages, exports and files. This can't be undone."
    ),
    log=gettext_noop("Requested the account's erasure"),
    left=not_erasable,
    act=lambda user, _actor: deletion_order(user=user),
    is_erasure=True,
)


class UniqueRows(admin.ModelAdmin[Any]):
    """Rows with unique columns, which two staff members may save at the same moment."""

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show or save a row; if another request took a unique value after validation, validate again."""
        try:
            return super().changeform_view(request, *args, **kwargs)
        except IntegrityError as error:
            if is_vanished(error):
                raise
            return super().changeform_view(request, *args, **kwargs)


class PasswordFirst(UniqueRows):
    """Rows that give access to accounts: staff must type their password to change them.

    Someone else may be using their browser.
    """

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show or save a row."""
        asked = password_redirect(request) if self.has_change_permission(request) else None
        return asked or super().changeform_view(request, *args, **kwargs)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Show the list, or run an action."""
        asked = password_redirect(request) if request.method == "POST" else None
        return asked or super().changelist_view(request, extra_context)


@admin.register(User)
class MemberAdmin(PasswordFirst, UserAdmin[User]):
    """The list and the page of members."""

    form = MemberForm
    add_form = MemberCreationForm
    change_password_form = MemberPasswordForm
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
    actions = ("erase",)

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        """Let only superusers make members staff or grant permissions."""
        fields = super().get_readonly_fields(request, obj)
        return (*fields,) if request.user.is_superuser else (*fields, *ROLES)

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Hide the password from read-only staff: Django shows the beginning of its salt and hash."""
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or self.has_change_permission(request, obj):
            return fieldsets
        return [
            (name, {**of, "fields": [field for field in of["fields"] if field != "password"]}) for name, of in fieldsets
        ]

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Let only superusers change accounts with permissions: whoever sets a password can sign in with it."""
        may_change = super().has_change_permission(request, obj)
        return may_change and (request.user.is_superuser or obj is None or not has_rights(obj))

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002
        """Set a member's password, after staff have typed their own."""
        return password_redirect(request) or super().user_change_password(request, id, form_url)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Save the member, and notify them of changes to what they sign in with."""
        super().save_model(request, obj, form, change)
        if change:
            tell_of_changes(obj, {name: form.initial.get(name) or "" for name in form.changed_data})

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Forbid it: `erase` deletes the row last, after the member's files and jobs."""
        return False

    def has_erase_permission(self, request: HttpRequest) -> bool:
        """Return whether these staff may erase accounts: they need Django's permission to delete them."""
        return request.user.has_perm("accounts.delete_user")

    @admin.action(description=_("Erase account"), permissions=["erase"])
    def erase(self, request: HttpRequest, users: QuerySet[User]) -> HttpResponse | None:
        """Let a worker erase the accounts, as if their grace period were over."""
        return ask_and_act(self, request, users, ERASE)


@admin.register(Follow)
class FollowAdmin(UniqueRows):
    """Which member follows which."""

    list_display = ("follower", "followed", "created_at")
    list_select_related = ("follower", "followed")
    search_fields = ("follower__username", "followed__username")
    raw_id_fields = ("follower", "followed")
    show_full_result_count = False


class SuperusersEdit(PasswordFirst):
    """Rows that give access to other accounts or permissions: staff may view them, superusers may edit them."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Return whether this is a superuser."""
        return request.user.is_superuser

    has_change_permission = has_delete_permission = has_add_permission


admin.site.unregister([EmailAddress, Group])


@admin.register(EmailAddress)
class AddressAdmin(SuperusersEdit, LoggedByNumber, EmailAddressAdmin):
    """The email addresses, which receive the links that set a password."""

    def save_model(self, request: HttpRequest, obj: EmailAddress, form: Any, change: bool) -> None:
        """Save the address, and notify the member if it now gives access to their account."""
        super().save_model(request, obj, form, change)
        if obj.verified and form.changed_data:
            tell_of_address(obj)

    @admin.action(description=_("Mark selected email addresses as verified"))
    def make_verified(self, request: HttpRequest, queryset: QuerySet[EmailAddress]) -> None:
        """Confirm the addresses on the members' behalf, and notify them."""
        rows = list(queryset.filter(verified=False))
        super().make_verified(request, queryset)
        for row in EmailAddress.objects.filter(pk__in=[row.pk for row in rows], verified=True):
            tell_of_address(row)


@admin.register(Group)
class RoleAdmin(SuperusersEdit, GroupAdmin):
    """The roles of staff."""
