"""One background job as a member and the staff see it."""

import uuid
from datetime import datetime, timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from tasks.models.pause import QueuePause, TaskQueue


class TaskStatus(models.TextChoices):
    """Where a task stands. The last three are terminal: they never change."""

    QUEUED = "queued", _("Queued")
    """Waiting for a worker."""
    RUNNING = "running", _("Running")
    """Claimed by a worker, which sends heartbeats."""
    SUCCEEDED = "succeeded", _("Succeeded")
    """Done; the only status with 100 %."""
    FAILED = "failed", _("Failed")
    """Ended for the reason in `error`."""
    CANCELLED = "cancelled", _("Cancelled")
    """Stopped by the member or by staff."""


# In an UPDATE it reads the member's row alone, so that the guards stay on the row that is updated.
HAS_OPEN_ACCOUNT = Q(user=None) | Exists(User.objects.filter(pk=OuterRef("user_id"), is_active=True))
"""Whether the member of a row can sign in; the site's own tasks have none."""

ACTIVE = (TaskStatus.QUEUED, TaskStatus.RUNNING)


def stale_since() -> datetime:
    """Return the time before which a running task's last heartbeat makes it stale."""
    return timezone.now() - timedelta(seconds=settings.EXPORT_STALE_AFTER)


def _not_recent(field: str, since: datetime) -> Q:
    """Select the times before `since`, and those as far in the future."""
    now = timezone.now()
    return Q(**{f"{field}__lt": since}) | Q(**{f"{field}__gt": now + (now - since)})


class TaskQuerySet(models.QuerySet["Task"]):
    """The vocabulary of task queries."""

    def active(self) -> Self:
        """Return the tasks that are queued or running."""
        return self.filter(status__in=ACTIVE)

    def ended(self) -> Self:
        """Return the tasks that have ended."""
        return self.exclude(status__in=ACTIVE)

    def of_open_accounts(self) -> Self:
        """Return the tasks whose members' accounts are active: no job runs for others."""
        return self.filter(HAS_OPEN_ACCOUNT)

    def of_running_queues(self) -> Self:
        """Return the tasks whose queue isn't paused."""
        return self.filter(~Exists(QueuePause.objects.filter(queue=OuterRef("queue"))))

    def stale(self, *, since: datetime) -> Self:
        """Return the running tasks without a heartbeat since then.

        One from the future, by a clock that was set wrong, proves nothing either: the task could look alive for years.
        """
        return self.filter(_not_recent("heartbeat_at", since), status=TaskStatus.RUNNING)

    def due(self, *, since: datetime) -> Self:
        """Return the queued tasks that should have begun: queued before then, or deferred until now.

        Those of paused queues have to wait.
        """
        now = timezone.now()
        # No task is deferred further, unless by a clock that was set wrong.
        latest = now + timedelta(seconds=max(settings.EXPORT_RETRY_PAUSES)) + (now - since)
        deferred = Q(run_after__lte=now) | Q(run_after__gt=latest)
        overdue = deferred | Q(_not_recent("queued_at", since), run_after__isnull=True)
        return self.of_running_queues().filter(overdue, status=TaskStatus.QUEUED)

    def claimed_as(self, task: "Task") -> Self:
        """Return `task`'s row if it still belongs to this very attempt, else nothing: the fence of a worker."""
        return self.filter(pk=task.pk, status=TaskStatus.RUNNING, attempt=task.attempt)


class Task(models.Model):
    """One run of a job. Rows change through `tasks.services` only."""

    # Made by the application, and the RQ job's id too.
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("name"), max_length=64)
    description = models.CharField(_("description"), max_length=128)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        null=True,  # a SystemJob's
        blank=True,
        related_name="tasks",
        verbose_name=_("member"),
    )
    params = models.JSONField(_("parameters"), default=dict, blank=True)
    queue = models.CharField(
        _("queue"),
        max_length=8,
        choices=TaskQueue,
        default=TaskQueue.SMALL,
        db_default=TaskQueue.SMALL,
        db_column="lane",  # its name in earlier releases, which may run beside this one
    )
    # The id, in all logs, of the request that launched it.
    request_id = models.CharField(_("request"), max_length=64, blank=True, default="", db_default="")
    # As they were when the member asked for it. Without their request, the language is empty.
    language = models.CharField(_("language"), max_length=12, blank=True, default="", db_default="")
    email = models.EmailField(_("email address"), blank=True, default="", db_default="")

    status = models.CharField(_("status"), max_length=16, choices=TaskStatus, default=TaskStatus.QUEUED)
    progress = models.PositiveSmallIntegerField(_("progress"), default=0)  # percent
    done = models.PositiveBigIntegerField(_("done"), default=0)
    total = models.PositiveBigIntegerField(_("total"), default=0)

    attempt = models.PositiveSmallIntegerField(_("attempt"), default=0)
    # Attempts that failed or whose worker was lost. One that a stopped worker released doesn't count.
    failures = models.PositiveSmallIntegerField(_("failures"), default=0)
    worker = models.CharField(_("worker"), max_length=128, blank=True)
    heartbeat_at = models.DateTimeField(_("last heartbeat"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    queued_at = models.DateTimeField(_("queued"), default=timezone.now)
    # While a failure's pause lasts.
    run_after = models.DateTimeField(_("next attempt"), null=True, blank=True, db_column="due_at")
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    # What a success leaves for its member: the `summary` of the job's Result.
    summary = models.JSONField(_("summary"), null=True, blank=True)
    # Where the next attempt resumes: what the job last saved together with its data.
    checkpoint = models.JSONField(_("checkpoint"), null=True, blank=True)

    # The reason for the failure (`tasks.models.failure`). Its text is for the previous release, which knows no code.
    error_code = models.CharField(_("error code"), max_length=32, blank=True, default="", db_default="")
    error_params = models.JSONField(_("error parameters"), null=True, blank=True)
    error = models.TextField(_("error"), blank=True, help_text=_("Shown to the member."))
    traceback = models.TextField(_("traceback"), blank=True, help_text=_("Shown to staff."))

    objects = TaskQuerySet.as_manager()

    class Meta:
        db_table = "exports_task"  # its name since the first release
        verbose_name = _("task")
        verbose_name_plural = _("tasks")
        ordering = ["-created_at"]
        permissions = [
            ("cancel_task", "Can cancel tasks"),
            ("retry_task", "Can retry tasks"),
            ("fail_task", "Can give tasks up"),
            ("start_example", "Can start the example task"),
            ("start_system_job", "Can start jobs of the site's own"),
        ]
        indexes = [
            models.Index(fields=["user", "-created_at"], name="task_by_member"),
            models.Index(fields=["name", "status", "-created_at"], name="task_by_outcome"),
            models.Index(fields=["ended_at"], name="task_by_end"),
            models.Index("queued_at", condition=Q(status__in=["queued", "running"]), name="task_active"),
        ]
        constraints = [
            # A check before an insert would let two clicks through; the database lets one through.
            models.UniqueConstraint(
                fields=["user", "name"], condition=Q(status__in=["queued", "running"]), name="one_active_task"
            ),
            models.UniqueConstraint(
                fields=["name"],
                condition=Q(status__in=["queued", "running"], user__isnull=True),
                name="one_active_system_task",
            ),
            models.CheckConstraint(
                condition=Q(progress__lt=100) | Q(progress=100, status="succeeded"), name="success_alone_is_100_percent"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.id}"

    @property
    def member(self) -> User:
        """Return the member; raise ValueError for a task of the site's own."""
        if self.user is None:
            raise ValueError(f"Task {self.pk} has no member.")
        return self.user

    @property
    def is_active(self) -> bool:
        """Return whether the task is queued or running."""
        return self.status in ACTIVE

    @property
    def can_be_retried(self) -> bool:
        """Return whether the member may start it again: it failed, or was cancelled."""
        return self.status in (TaskStatus.FAILED, TaskStatus.CANCELLED)

    @property
    def duration(self) -> timedelta | None:
        """Return the time from the first worker's start to the end (or to now), None before a start."""
        return (self.ended_at or timezone.now()) - self.started_at if self.started_at else None
