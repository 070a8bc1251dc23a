"""Members, their follows and their sessions."""

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser
from django.contrib.sessions.base_session import AbstractBaseSession, BaseSessionManager
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.fields import DigestField, LowerCaseEmailField


class Theme(models.TextChoices):
    """Whether pages are light or dark; empty: like the member's system."""

    LIGHT = "light", _("Light")
    DARK = "dark", _("Dark")


class User(AbstractUser):
    """A member of the site, or of its staff."""

    email = LowerCaseEmailField(_("email address"), blank=True)
    about_me = models.CharField(_("about me"), max_length=140, blank=True)
    last_seen = models.DateTimeField(_("last seen"), null=True, blank=True)
    # Empty: the browser's.
    language = models.CharField(_("language"), max_length=12, blank=True)
    # The browser's language at the last sign-in, for emails, which are written without a request.
    browser_language = models.CharField(max_length=12, blank=True, default="", db_default="", editable=False)
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True)
    # The browser's time zone when the member last used it.
    browser_time_zone = models.CharField(max_length=64, blank=True, default="", db_default="", editable=False)
    theme = models.CharField(_("theme"), max_length=5, choices=Theme, blank=True)
    # When the account will be erased, as the member requested; until then they can undo it.
    deletion_due_at = models.DateTimeField(_("deletion due at"), null=True, blank=True)
    # The cursor of the member's newest notification (microseconds; see notifications.services). It is in this row,
    # which authenticating a poll loads anyway, so that most polls need no second query.
    notification_cursor = models.BigIntegerField(default=0, editable=False)
    following = models.ManyToManyField(
        "self", symmetrical=False, through="Follow", related_name="followers", verbose_name=_("following")
    )

    class Meta(AbstractUser.Meta):
        constraints = [
            models.UniqueConstraint(Lower("username"), name="unique_username_whatever_its_case"),
            models.UniqueConstraint(
                Lower("email"),
                condition=~Q(email=""),
                name="unique_email",
                violation_error_message=_("A member with that email address already exists."),
            ),
        ]
        indexes = [
            models.Index("deletion_due_at", condition=Q(deletion_due_at__isnull=False), name="user_by_deletion"),
            models.Index("id", condition=Q(is_active=False), name="user_inactive"),
        ]

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save the member without `notification_cursor`: a stale copy would lose notifications."""
        if kwargs.get("update_fields") is None and not self._state.adding:
            kwargs["update_fields"] = [
                field.attname
                for field in self._meta.concrete_fields
                if not field.primary_key and field.attname not in {"notification_cursor", *self.get_deferred_fields()}
            ]
        super().save(*args, **kwargs)

    @classmethod
    def named(cls, username: str) -> models.QuerySet["User"]:
        """Return the member with that name, in any case; unlike `iexact`, this uses an index."""
        if "\x00" in username:  # an address can contain NUL, and PostgreSQL refuses to look it up
            return cls.objects.none()
        return cls.objects.alias(lower_username=Lower("username")).filter(lower_username=username.lower())

    @classmethod
    def with_email(cls, email: str) -> models.QuerySet["User"]:
        """Return the member with that address, in any case."""
        return cls.objects.alias(lower_email=Lower("email")).filter(lower_email=email.lower()).exclude(email="")

    def get_absolute_url(self) -> str:
        """Return the address of the member's profile page."""
        return reverse("posts:profile", args=[self.username])


class Follow(models.Model):
    """One member's timeline shows another's posts."""

    follower = models.ForeignKey(User, models.CASCADE, related_name="follows", db_index=False)
    followed = models.ForeignKey(User, models.CASCADE, related_name="followed_by", db_index=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("follow")
        verbose_name_plural = _("follows")
        constraints = [
            models.UniqueConstraint(fields=["follower", "followed"], name="follow_once"),
            models.CheckConstraint(condition=~Q(follower=F("followed")), name="no_follow_of_oneself"),
        ]
        indexes = [
            models.Index("follower", "created_at", "id", name="follow_by_follower"),
            models.Index("followed", "created_at", "id", name="follow_by_followed"),
        ]

    def __str__(self) -> str:
        return f"{self.follower_id} follows {self.followed_id}"


class SessionManager(BaseSessionManager["Session"]):
    """Fetches a session with its member, by one query: nearly every request needs both."""

    def get_queryset(self) -> models.QuerySet["Session"]:
        """Return all sessions."""
        return super().get_queryset().select_related("user")


class Session(AbstractBaseSession):
    """A session that knows its member, and is deleted with them (see `accounts.sign_in.sessions`)."""

    session_key = DigestField("session key", max_length=40, primary_key=True)
    user = models.ForeignKey(User, models.CASCADE, null=True, related_name="sessions")

    objects: ClassVar[SessionManager] = SessionManager()
