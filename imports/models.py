"""What a member has uploaded, how far its import is, and what was left out."""

import uuid

from django.conf import settings
from django.core.files.storage import Storage, storages
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from imports.reasons import Reason


def imports_storage() -> Storage:
    """Return the private storage of uploaded files (`STORAGES["imports"]`)."""
    return storages["imports"]


class Stage(models.TextChoices):
    """What an import waits for. Whether work is in progress, or has failed, its task says."""

    READING = "reading", _("being read")
    PREVIEW = "preview", _("waiting for the member")
    IMPORTING = "importing", _("being imported")
    DONE = "done", _("imported")
    UNDOING = "undoing", _("being undone")
    UNDONE = "undone", _("undone")
    DISCARDED = "discarded", _("discarded")


class Import(models.Model):
    """One file that a member brings, from the upload to the undo."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="imports", verbose_name=_("member"))
    stage = models.CharField(_("stage"), max_length=16, choices=Stage, default=Stage.READING)
    file = models.FileField(_("file"), storage=imports_storage, max_length=255, blank=True)
    filename = models.CharField(_("file name"), max_length=255)  # as the member calls it; for their eyes only
    size = models.PositiveBigIntegerField(_("size"))  # bytes
    created_at = models.DateTimeField(_("uploaded"), default=timezone.now)
    ended_at = models.DateTimeField(_("imported"), null=True, blank=True)
    source = models.CharField(_("source"), max_length=100, blank=True)  # as in PostOrigin
    owner = models.CharField(_("exported from"), max_length=255, blank=True)  # such as "@ada@social.example"
    preview = models.JSONField(_("preview"), default=dict)  # see imports.services.preview
    choices = models.JSONField(_("choices"), default=dict)  # see imports.forms
    report = models.JSONField(_("report"), default=dict)  # see imports.services.uploads.import_report

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["user", "-created_at"], name="import_by_member"),
            models.Index("created_at", condition=~models.Q(file=""), name="import_with_file"),
        ]

    def __str__(self) -> str:
        return str(self.pk)  # the file's name is for its member alone


class LeftOut(models.Model):
    """An entry that was not imported: where it is, and why, but nothing of what it says."""

    id = models.BigAutoField(primary_key=True)
    upload = models.ForeignKey(Import, models.CASCADE, related_name="left_out", db_column="import_id")
    reason = models.CharField(_("reason"), max_length=16, choices=Reason)
    detail = models.CharField(_("detail"), max_length=255, blank=True)  # of damage: what is wrong, and where
    url = models.CharField(_("link"), max_length=500, blank=True)
    written_at = models.DateTimeField(_("written at"), null=True, blank=True)

    class Meta:
        verbose_name = _("entry left out")
        verbose_name_plural = _("entries left out")

    def __str__(self) -> str:
        return f"{self.url}: {self.reason}"
