"""Archives and schedules in the admin: of archives their size, state and email, never their contents."""

from collections.abc import Sequence

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.defaultfilters import filesizeformat
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from core.staff.actions import StaffAction, ask_and_act
from core.staff.readonly import ReadOnlyAdmin
from exports.delivery.archive_email import mail_again
from exports.models import Archive, Schedule
from exports.scheduling.texts import schedule_in_words


def not_mailable(archives: Sequence[Archive]) -> dict[object, str]:
    """Return, by primary key, why the emails of some of the archives cannot be sent again."""
    reasons: dict[object, str] = {}
    for archive in archives:
        if not archive.is_available:
            reasons[archive.pk] = _("its file is no longer kept")
        elif not archive.user.is_active:
            reasons[archive.pk] = _("its member's account is not active")
        elif archive.mail_pending:
            reasons[archive.pk] = _("its email is already on its way")
    return reasons


MAIL_AGAIN = StaffAction(
    name="mail_again",
    title=gettext_lazy("Resend emails"),
    consequence=gettext_lazy("Each member will get their export's email again, at their current address."),
    log=gettext_noop("Resent the email"),
    left=not_mailable,
    act=lambda archive, _actor: mail_again(archive),
)


@admin.register(Archive)
class ArchiveAdmin(ReadOnlyAdmin):
    """The list and the page of archives."""

    list_display = ("filename", "user", "readable_size", "created_at", "fate", "download_count", "mailed_at")
    list_filter = ("created_at", "mailed_at", "mail_event", "removal")
    list_select_related = ("user",)
    search_fields = ("user__username", "user__email")
    show_full_result_count = False
    hidden_fields = ("file", "size", "removal")
    extra_fields = ("readable_size", "fate")
    actions = ("mail_again",)

    @admin.display(description=gettext_lazy("size"), ordering="size")
    def readable_size(self, archive: Archive) -> str:
        """Return the size such as "11.8 MB"."""
        return filesizeformat(archive.size)

    @admin.display(description=gettext_lazy("file"), ordering="removal")
    def fate(self, archive: Archive) -> str:
        """Return until when the file is kept, or why it was removed."""
        if archive.file:
            return _("kept until %(date)s") % {"date": date_format(localtime(archive.expires_at), "SHORT_DATE_FORMAT")}
        return archive.get_removal_display() or _("gone")

    def has_mail_permission(self, request: HttpRequest) -> bool:
        """Return whether this member of staff may have emails sent again."""
        return request.user.has_perm("exports.mail_archive")

    @admin.action(description=gettext_lazy("Send the email again"), permissions=["mail"])
    def mail_again(self, request: HttpRequest, archives: QuerySet[Archive]) -> HttpResponse | None:
        """Have the email sent again; a worker sends it within seconds."""
        return ask_and_act(self, request, archives.select_related("task", "user"), MAIL_AGAIN)


@admin.register(Schedule)
class ScheduleAdmin(ReadOnlyAdmin):
    """The list and the page of schedules."""

    list_display = ("user", "in_words", "status", "status_at", "next_at", "failures")
    list_filter = ("status", "frequency")
    list_select_related = ("user",)
    search_fields = ("user__username", "user__email")
    show_full_result_count = False
    hidden_fields = ("frequency", "day", "hour")
    extra_fields = ("in_words",)

    @admin.display(description=gettext_lazy("schedule"))
    def in_words(self, schedule: Schedule) -> str:
        """Return when it runs, in the member's time."""
        return schedule_in_words(schedule)
