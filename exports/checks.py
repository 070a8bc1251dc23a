"""Health checks of exports: the storage of archives, the free disk space and the emails."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core import checks
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from core.health import Finding, Status, check, failing, ok, warning
from core.storage_probe import PROBE_HINT, storage_probe
from exports.building.space import free_space
from exports.figures import email_counts
from exports.models import Archive
from exports.models.archive import exports_storage
from exports.periodic import schedules_due
from exports.storage.files import StorageUnavailableError, file_exists, storage_ping

NEWEST_CHECKED = 20  # archives
LATE_AFTER = timedelta(days=1)
STORAGE_HINT = gettext_lazy("Run manage.py doctor to see the cause, and check EXPORT_STORAGE_URL or VAR_DIR.")


@checks.register(deploy=True)
def check_database_beside_bucket(**_kwargs: Any) -> list[checks.CheckMessage]:
    """Warn if machines can share the bucket but not the database."""
    is_shared = "endpoint_url" in settings.STORAGES["exports"]["OPTIONS"]
    if not is_shared or not settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"):
        return []
    hint = "With several machines, set DATABASE_URL to a PostgreSQL database: they can't share a file."
    return [checks.Warning("SQLite beside object storage.", hint=hint, id="microblog.W010")]


@check("storage", unready_from=Status.FAILING)
def storage() -> Iterator[Finding]:
    """Check that the storage of archives answers."""
    try:
        storage_ping()
    except StorageUnavailableError as error:
        text = _("The storage of archives is unavailable: exports fail, and members can't download files.")
        yield failing(text, STORAGE_HINT, error)


@check("archive storage", deep=True, hint=PROBE_HINT)
def archive_storage() -> Iterator[Finding]:
    """Write, read and delete a probe, and check who else may read the folder."""
    # nginx belongs to the group if it sends the archives.
    yield from storage_probe(exports_storage(), allowed_mode=0o750 if settings.EXPORT_ACCEL_LOCATION else 0o700)


@check("archive files", deep=True)
def archive_files() -> Iterator[Finding]:
    """Check that the newest archives have their files."""
    archives = list(Archive.objects.available().order_by("-created_at")[:NEWEST_CHECKED])
    text = f"{sum(map(file_exists, archives))} of the newest {len(archives)} are in the storage"
    if all(map(file_exists, archives)):
        yield ok(text)
    else:
        hint = "Check that workers write to this storage: compare EXPORT_STORAGE_URL and VAR_DIR on all machines."
        yield failing(text, hint)


@check("disk space")
def disk_space() -> Iterator[Finding]:
    """Check the free space for exports on this machine."""
    free, reserve = free_space(), settings.EXPORT_FREE_SPACE_RESERVE
    if free < 2 * reserve:
        text = _("Only %(size)s of disk space is free.") % {"size": filesizeformat(free)}
        hint = _("Free some space: exports that would leave less than EXPORT_FREE_SPACE_RESERVE are refused.")
        yield failing(text, hint) if free < reserve else warning(text, hint)


@check("emails")
def emails() -> Iterator[Finding]:
    """Look what keeps emails from arriving; a member's wrong address is not the site's problem."""
    counts = email_counts()
    if count := counts["site_refused"]:
        text = ngettext(
            "The mail server refuses this site: %(count)d email is waiting.",
            "The mail server refuses this site: %(count)d emails are waiting.",
            count,
        )
        hint = _("Run manage.py doctor to see its reply, and correct EMAIL_URL. Workers retry for a day.")
        yield warning(text % {"count": count}, hint)
    if count := counts["overdue"]:
        text = ngettext("%(count)d email is overdue.", "%(count)d emails are overdue.", count)
        yield warning(text % {"count": count}, _("Workers send them: check that one is running, and read its log."))
    if count := counts["failing"] - counts["site_refused"]:
        text = ngettext("%(count)d email could not be sent yet.", "%(count)d emails could not be sent yet.", count)
        hint = _("Workers retry for a day. Each task's page shows the mail server's reply; check EMAIL_URL.")
        yield warning(text % {"count": count}, hint)
    if count := counts["given_up"]:
        text = ngettext(
            "%(count)d email was given up in the last 7 days.",
            "%(count)d emails were given up in the last 7 days.",
            count,
        )
        hint = _("Fix the cause shown on the task's page, then send the emails again from the list of archives.")
        yield warning(text % {"count": count}, hint)


@check("schedules")
def schedules() -> Iterator[Finding]:
    """Look whether workers keep up with the scheduled exports."""
    if count := schedules_due().filter(next_at__lt=timezone.now() - LATE_AFTER).count():
        text = ngettext(
            "%(count)d scheduled export is more than a day late.",
            "%(count)d scheduled exports are more than a day late.",
            count,
        )
        hint = _("Check that no queue is paused, and start more workers: more exports are due than they can make.")
        yield warning(text % {"count": count}, hint)
