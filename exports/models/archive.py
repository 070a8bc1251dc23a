"""The file of a finished export."""

from typing import Self

from django.conf import settings
from django.core.files.storage import Storage, storages
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from exports.choice import EVERYTHING, ArchiveChoice, ChoiceError
from exports.models.mailing import LinkReason, Mailing
from tasks.models.task import Task


def exports_storage() -> Storage:
    """Return the private storage of archives (`STORAGES["exports"]`)."""
    return storages["exports"]


class ArchiveQuerySet(models.QuerySet["Archive"]):
    """Queries for archives by the state of their file."""

    def available(self) -> Self:
        """Return the archives that can be downloaded."""
        return self.kept().filter(expires_at__gt=timezone.now())

    def kept(self) -> Self:
        """Return the archives that still have their file."""
        return self.exclude(file="")


class Removal(models.TextChoices):
    """Why an archive's file was removed."""

    DELETED = "deleted", _("deleted by the member")
    EXPIRED = "expired", _("expired")
    REPLACED = "replaced", _("replaced by newer ones")
    LOST = "lost", _("lost by the storage")


class Archive(Mailing):
    """A member's file in the exports storage, and what became of its email."""

    task = models.OneToOneField(Task, models.CASCADE, related_name="archive")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="archives", verbose_name=_("member")
    )
    file = models.FileField(_("file"), storage=exports_storage, max_length=255)
    filename = models.CharField(_("file name"), max_length=64)
    content_type = models.CharField(_("content type"), max_length=64)
    size = models.PositiveBigIntegerField(_("size"))  # bytes
    sha256 = models.CharField("SHA-256", max_length=64)
    item_counts = models.JSONField(_("counts"), default=dict)  # such as {"posts": 12}
    snapshot_at = models.DateTimeField(_("snapshot"))
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    expires_at = models.DateTimeField(_("expires"))
    removal = models.CharField(_("removed"), max_length=16, choices=Removal, blank=True)
    # Kept by its schedule's number and for as long as that runs, beside what the member exported themselves.
    is_scheduled = models.BooleanField(_("scheduled"), default=False, db_default=False)
    download_count = models.PositiveIntegerField(_("downloads"), default=0)

    mailed_to = models.EmailField(_("emailed to"), blank=True)
    mailed_at = models.DateTimeField(_("emailed"), null=True, blank=True)
    # How often the member wanted the email once more: each time it is another message.
    mail_repeats = models.PositiveSmallIntegerField(_("email repeats"), default=0, db_default=0)
    # How often the connection ended while the file was being sent; see `LinkReason.CUT_OFF`.
    mail_hang_ups = models.PositiveSmallIntegerField(_("connections lost"), default=0, db_default=0)
    mail_link_reason = models.CharField(
        _("reason for omitting the file"), max_length=16, choices=LinkReason, blank=True, default="", db_default=""
    )

    objects = ArchiveQuerySet.as_manager()

    class Meta:
        verbose_name = _("archive")
        verbose_name_plural = _("archives")
        ordering = ["-created_at"]
        permissions = [("mail_archive", "Can have the mails of archives sent again")]
        indexes = [
            models.Index("mail_due_at", condition=models.Q(mail_due_at__isnull=False), name="archive_mail_due"),
            models.Index(fields=["mail_id"], name="archive_mail_id"),
            # Rows outlive their files; cleanup reads only those that still have one.
            models.Index("expires_at", "size", condition=~models.Q(file=""), name="archive_kept"),
        ]

    def __str__(self) -> str:
        return f"{self.filename} ({self.task_id})"

    @property
    def is_available(self) -> bool:
        """Return whether the file can be downloaded."""
        return bool(self.file) and self.expires_at > timezone.now()

    is_shown = True
    mail_function = "exports.jobs.deliver_archive"

    @property
    def mail_job_id(self) -> str:
        """Return the id of the job in the queue that sends the email again or late."""
        return f"mail-{self.pk}"

    @property
    def mail_job_ids(self) -> set[str]:
        """Return the ids of all jobs that can be sending it: the export's own job tries first."""
        return {self.mail_job_id, str(self.task_id)}

    def is_still_wanted(self) -> bool:
        """Return whether the file is still there: the member may have deleted it meanwhile."""
        return Archive.objects.available().filter(pk=self.pk).exists()

    @property
    def mail_pending(self) -> bool:
        """Return whether the email is still to be sent, for the first time or again."""
        return self.mail_due_at is not None

    @property
    def choice(self) -> ArchiveChoice:
        """Return what the member chose; everything, if only newer code knows."""
        try:
            return ArchiveChoice.from_params(self.task.params)
        except ChoiceError:
            return EVERYTHING

    @property
    def posts(self) -> int:
        """Return the number of posts inside."""
        return int(self.item_counts.get("posts", 0))
