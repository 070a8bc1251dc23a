"""What all exports have in common: a file in the private storage, an email, and a cooldown."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

from django.conf import settings
from django.db import close_old_connections
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from accounts.member_data import Part
from accounts.models import User
from exports.building.snapshot import Snapshot, read_snapshot
from exports.building.space import SpaceWatch, ensure_free_space, ensure_storage_space, full_disk_refused, local_file
from exports.choice import ArchiveChoice, ChoiceError
from exports.delivery.archive_email import archive_deliver
from exports.delivery.failure_email import failure_email_schedule
from exports.formats.rows import Skipped
from exports.formats.zip_file import DigestingFile
from exports.models import Archive
from exports.models.archive import exports_storage
from exports.models.schedule import SCHEDULED_FOR, is_scheduled
from exports.scheduling.services import schedule_failed, schedule_succeeded
from exports.storage.cleanup import member_trim
from exports.storage.files import attempt_folder, file_remove, file_store
from tasks.job import Job, Outcome, Result, Text
from tasks.models import Task, TaskQueue, TaskStatus
from tasks.models.failure import FailureCode
from tasks.registry import JOBS
from tasks.services.counters import BYTES, count_later, measured

logger = logging.getLogger(__name__)

READY = Outcome(pgettext_lazy("export", "Ready"), "text-bg-success")
IN_PAYLOAD = ("posts", "item_counts", "size", "mailed_to", "mail_pending", "mail_error", "mail_event")
"""The attributes of an archive that a finished export's alert shows."""


@dataclass(frozen=True)
class Draft:
    """The input and output of an export that is being written."""

    user: User
    output: DigestingFile
    folder: Path
    """For temporary files, on the same disk as `output`."""
    snapshot: Snapshot
    expected: dict[str, int]
    """Kind of record -> how many the database counts."""
    on_write: Callable[[int], None]
    """Call it with the bytes that are written to `folder`."""


class ExportJob(Job):
    """Build a file of a member's data, keep it, and email it to them. A subclass writes the file."""

    unit = _("posts")
    finishing = _("packing and storing the file")
    launched = _("Export requested. You can leave this page: we email every export.")
    already_active = _("An export task is currently in progress")
    titles = {
        TaskStatus.SUCCEEDED: _("Your export is ready: %(label)s"),
        TaskStatus.FAILED: _("Export failed: %(label)s"),
        TaskStatus.CANCELLED: _("Export cancelled: %(label)s"),
    }
    success = READY
    failure_texts = {
        FailureCode.ERRORED: _(
            "Something went wrong on our side. Our team has been notified, and your posts are safe."
        ),
        FailureCode.NO_SPACE: _(
            "There isn't enough disk space to prepare your export right now. Our team has been notified. "
            "Please try again later."
        ),
    }
    admin_template = "admin/exports/_emails_of_task.html"
    alert_templates = {"details": "exports/_alert_details.html", "actions": "exports/_alert_actions.html"}
    warmup_templates: ClassVar[tuple[str, ...]] = (
        "exports/emails/ready-subject.txt",
        "exports/emails/ready-body.txt",
        "exports/emails/_ready-opening.txt",
        "exports/emails/_ready-facts.txt",
        "core/emails/base.html",
        "core/emails/_button.html",
    )

    kind: ClassVar[str]
    """Its name in `POST /exports/`."""
    action: ClassVar[Text]
    """The label of the button that requests it."""
    contents: ClassVar[Text]
    """What is in it, in a sentence."""
    content_type: ClassVar[str]
    is_recommended: ClassVar[bool] = False
    """Whether it holds everything."""
    large_tables: ClassVar[tuple[str, ...]] = ("posts",)
    """The member's relations that can have very many rows; with EXPORT_LARGE_FROM rows the export is large."""

    parts: ClassVar[frozenset[Part]] = frozenset({Part.POSTS})
    """What it can hold; with more than one, the member can leave parts out."""

    stored_as = ""
    """The name of the attempt's file in the storage."""

    @property
    def choice(self) -> ArchiveChoice:
        """Return what the member has chosen."""
        return ArchiveChoice.from_params(self.task.params)

    @property
    def filename(self) -> str:
        """Return the name under which the member gets the file."""
        raise NotImplementedError

    def counts(self, user: User) -> dict[str, int]:
        """Return how many records of each sort the file will hold."""
        raise NotImplementedError

    def write(self, draft: Draft) -> tuple[dict[str, int], list[Skipped]]:
        """Write the file; return how many records of each sort it holds, and those that could not be written."""
        raise NotImplementedError

    def run(self) -> Result:
        """Write the file from one snapshot of the database, and move it into the storage.

        Raises NoSpaceError, and whatever database and storage raise.
        """
        with full_disk_refused(), local_file() as path:
            archive = self._write_archive(path)
            ensure_storage_space(path)
            # Under a name that is this attempt's alone.
            self.stored_as = f"{attempt_folder(self.task, self.task.attempt)}/{archive.filename}"
            self.stored_as = archive.file.name = file_store(path, self.stored_as)
            close_old_connections()  # a slow storage can take longer than a connection, or the database's server, lives
        return Result(done=self.reporter.done, value=archive)

    def _write_archive(self, path: Path) -> Archive:
        """Write the file at `path`; return its archive, which is not saved yet."""
        with path.open("wb") as file, read_snapshot() as snapshot:
            user = User.objects.get(pk=self.task.member.pk)
            expected = self.counts(user)
            self.progress(0, sum(expected.values()))
            ensure_free_space(records=self.reporter.total)
            watch = SpaceWatch(path.parent)
            output = DigestingFile(file, watch.note)
            counts, skipped = self.write(Draft(user, output, path.parent, snapshot, expected, watch.note))
        for item in skipped:
            where = (item.record, item.id, item.timestamp)
            logger.warning("Task %s: %s %s of %s was left out: %s", self.task.pk, *where, item.reason)
        return Archive(
            task=self.task,
            user=user,
            filename=self.filename,
            content_type=self.content_type,
            size=output.size,
            sha256=output.sha256,
            item_counts=counts,
            snapshot_at=snapshot.at,
        )

    def commit(self, result: Result) -> None:
        """Save the archive: from now on the member has the file."""
        archive: Archive = result.value
        now = timezone.now()
        archive.expires_at, archive.mail_due_at = now + timedelta(days=settings.EXPORT_RETENTION_DAYS), now
        archive.is_scheduled = is_scheduled(self.task)
        archive.save()
        schedule_succeeded(self.task)
        count_later(measured("bytes", self.name, value=archive.size, limits=BYTES))

    def after_commit(self, result: Result) -> None:
        """Email the archive, and remove the oldest one of its sort if the member has too many."""
        archive: Archive = result.value
        archive_deliver(archive.pk)
        member_trim(user_id=archive.user_id, is_scheduled=archive.is_scheduled)

    def abandon(self) -> None:
        """Remove the stored file unless it has an archive; with the storage down the periodic cleanup does it."""
        if self.stored_as and not Archive.objects.filter(file=self.stored_as).exists():
            file_remove(exports_storage(), self.stored_as)

    @classmethod
    def read_params(cls, params: dict[str, Any]) -> None:
        """Raise ChoiceError unless they are a choice of what this kind can hold."""
        choice = ArchiveChoice.from_params(params)
        if "parts" in params and not choice.parts <= cls.parts:
            raise ChoiceError(gettext("This type of export has no parts to choose from."))

    @classmethod
    def queue(cls, user: User | None, params: dict[str, Any]) -> TaskQueue:
        """Return the queue by how much the member has; the database reads an index up to that row.

        Scheduled exports are among the large ones, whatever their size: nobody's small export waits for these.
        """
        if SCHEDULED_FOR in params:
            return TaskQueue.LARGE
        last = settings.EXPORT_LARGE_FROM - 1
        is_large = user and any(getattr(user, table).all()[last : last + 1].exists() for table in cls.large_tables)
        return TaskQueue.LARGE if is_large else TaskQueue.SMALL

    @classmethod
    def cooldown(cls) -> timedelta:
        """Return EXPORT_COOLDOWN."""
        return timedelta(seconds=settings.EXPORT_COOLDOWN)

    @classmethod
    def in_use(cls) -> Exists:
        """Return the condition for tasks whose archive still has its file, or its email before it."""
        return Exists(Archive.objects.filter(task=OuterRef("pk")).filter(~Q(file="") | Q(mail_due_at__isnull=False)))

    @classmethod
    def on_failure(cls, task: Task) -> None:
        """Count it against the member's schedule, and schedule the email about it."""
        schedule_failed(task)
        failure_email_schedule(task)

    @classmethod
    def payload(cls, task: Task) -> dict[str, Any]:
        """Return what the alert of a finished export says of its file and its email."""
        archive = Archive.objects.filter(task=task).first() if task.status == TaskStatus.SUCCEEDED else None
        return {"archive": archive and {name: getattr(archive, name) for name in IN_PAYLOAD}}

    @classmethod
    def may_change(cls, payload: dict[str, Any]) -> bool:
        """Return whether the email is still to be sent."""
        archive = payload.get("archive") or {}
        return bool(archive.get("mail_pending") and not archive.get("mail_error"))


def export_jobs() -> dict[str, type[ExportJob]]:
    """Return the kinds of export by their name in `POST /exports/`, in the order in which pages list them."""
    return {job.kind: job for job in JOBS.values() if issubclass(job, ExportJob)}


def export_names() -> list[str]:
    """Return the names of their tasks."""
    return [job.name for job in export_jobs().values()]
