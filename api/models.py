"""The tokens by which members' programs use the API."""

from typing import Self

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Scope(models.TextChoices):
    """What a token allows. None includes another."""

    EXPORTS_READ = "exports:read", _("See your exports and follow their progress")
    EXPORTS_WRITE = "exports:write", _("Start, cancel and retry exports, and delete their files")
    EXPORTS_DOWNLOAD = "exports:download", _("Download the files of your exports")
    IMPORTS_WRITE = "imports:write", _("Import archives, follow imports and undo them")


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    """Queries for tokens."""

    def usable(self) -> Self:
        """Return the tokens that open something: not expired, and of members whose account is active."""
        return self.filter(expires_at__gt=timezone.now(), user__is_active=True)


class ApiToken(models.Model):
    """A key to a part of a member's account. The member alone has the secret; revoking it deletes the row."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="api_tokens", verbose_name=_("member")
    )
    name = models.CharField(_("name"), max_length=64)
    digest = models.CharField(max_length=64, unique=True, editable=False)  # SHA-256 of the secret, in hex
    scopes = models.JSONField(_("scopes"), default=list)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    expires_at = models.DateTimeField(_("expires"))
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True)  # to the minute

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")
        ordering = ["-created_at"]
        constraints = [models.UniqueConstraint(fields=["user", "name"], name="one_api_token_of_a_name")]

    def __str__(self) -> str:
        return str(self.pk)  # the name is for its member alone

    @property
    def is_expired(self) -> bool:
        """Return whether its time is over."""
        return self.expires_at <= timezone.now()
