"""When the workers last did each part of the housekeeping, and whether it worked."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Housekeeping(models.Model):
    """One row per part, overwritten by each worker that does it; the queue server would lose it."""

    name = models.CharField(_("name"), max_length=64, primary_key=True)
    at = models.DateTimeField(_("last done"))
    worker = models.CharField(_("worker"), max_length=128)
    error = models.CharField(_("error"), max_length=200, blank=True)  # of the last time; empty: it worked

    class Meta:
        db_table = "exports_housekeeping"  # its name since the first release
        verbose_name = _("housekeeping")
        verbose_name_plural = _("housekeeping")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
