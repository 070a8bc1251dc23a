"""A kind of background work: one class, in the `jobs.py` of the app that it belongs to."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tasks.exceptions import ClaimLostError
from tasks.models import Task, TaskQueue, TaskStatus
from tasks.models.failure import failure_text

if TYPE_CHECKING:
    from django.db.models.expressions import Combinable
    from django.db.models.query_utils import Q

    from accounts.models import User

Text = str | Promise


@dataclass(frozen=True)
class Outcome:
    """What has become of a task, in a word, and the look of its badge."""

    label: Text
    badge: str
    """A CSS class."""


DONE = Outcome(pgettext_lazy("task", "Done"), "text-bg-success")
OUTCOMES = {
    TaskStatus.QUEUED: Outcome(pgettext_lazy("task", "Waiting"), "text-bg-warning"),
    TaskStatus.RUNNING: Outcome(pgettext_lazy("task", "In progress"), "text-bg-primary"),
    TaskStatus.FAILED: Outcome(pgettext_lazy("task", "Failed"), "text-bg-danger"),
    TaskStatus.CANCELLED: Outcome(pgettext_lazy("task", "Cancelled"), "text-bg-secondary"),
}
"""By status; a success has its job's own."""


@dataclass(frozen=True)
class Result:
    """What a job has done."""

    done: int
    """How many of its units."""
    value: Any = None
    """Whatever its `commit` and `after_commit` need."""
    summary: dict[str, Any] | None = None
    """What its row keeps for the member: the alert's templates find it as `data.summary`. JSON types only."""


class Reporter(Protocol):
    """Takes a job's progress; see `tasks.services.heartbeat`."""

    done: int
    total: int
    has_checkpoint: bool
    """Whether this attempt has saved one, and so may be interrupted."""

    def advance(self, done: int) -> None:
        """Note that `done` units are done; raise what ends the attempt."""


class Job:
    """One attempt at a task. A subclass is a kind of work; `@register` makes it known.

    A job runs in a worker's forked process. Whatever it raises ends the attempt, which is then retried; raise
    TaskRefusedError where no other attempt could succeed.
    """

    do_not_call_in_templates = True

    name: ClassVar[str]
    """Identifies the kind in rows, logs and metrics: never changed once released."""
    label: ClassVar[Text]
    """What members and staff call it."""
    description: ClassVar[Text]
    """What its alert says while it runs; the label if it is not given."""
    profile_button: ClassVar[Text] = ""
    """The button that starts it on the member's own profile; without one, only code starts it."""
    unit: ClassVar[Text] = _("steps")
    """What its progress counts, in the plural."""
    finishing: ClassVar[Text] = _("finishing")
    """What it does when all units are done."""
    launched: ClassVar[Text] = _("Started. You can leave this page.")
    """The message to a member who has started it."""
    already_active: ClassVar[Text] = _("This is already in progress.")
    """The message to a member who starts it while it is active."""
    titles: ClassVar[Mapping[str, Text]] = {
        TaskStatus.SUCCEEDED: _("Done: %(label)s"),
        TaskStatus.FAILED: _("Failed: %(label)s"),
        TaskStatus.CANCELLED: _("Cancelled: %(label)s"),
    }
    """The title of its alert when it has ended, by the status."""
    success: ClassVar[Outcome] = DONE
    """What a success is called where several alerts fold into one line."""
    failure_texts: ClassVar[Mapping[str, Text]] = {}
    """Why it failed, for the member, by the failure's code, where the text in `tasks.models.failure` won't do."""
    alert_templates: ClassVar[Mapping[str, str]] = {}
    """Templates for its finished alert: `details` and `actions`."""
    admin_template: ClassVar[str] = ""
    """A template for its tasks' page in the admin, rendered with `task`."""
    warmup_templates: ClassVar[tuple[str, ...]] = ()
    """Templates that a worker compiles before it forks the first job."""
    staff_params: ClassVar[dict[str, Any] | None] = None
    """The parameters with which staff start it in the admin; None if they cannot."""
    is_for_members: ClassVar[bool] = True
    """Whether each run has a member; a SystemJob's has none."""

    def __init__(self, task: Task, reporter: Reporter) -> None:
        self.task = task
        self.reporter = reporter

    def run(self) -> Result:
        """Do the work, and say by `progress` how far it is; nothing of it may be visible before `commit`."""
        raise NotImplementedError

    def commit(self, result: Result) -> None:
        """Save what the work has made, in the transaction that marks the success."""

    def after_commit(self, result: Result) -> None:
        """Do what follows from the success, such as an email. An error here is logged; the task stays succeeded."""

    def abandon(self) -> None:
        """Remove what the attempt has left outside the database, when it ends without success."""

    def progress(self, done: int, total: int | None = None) -> None:
        """Note that `done` of `total` units are done. It costs nothing: the heartbeat writes it.

        Raises what ends the attempt: ClaimLostError or, once the attempt has saved a checkpoint, TaskInterruptedError.
        """
        if total is not None:
            self.reporter.total = total
        self.reporter.advance(done)

    def save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Save where the next attempt resumes: JSON types only, in the transaction that writes the job's own data.

        So each batch is written exactly once. The next attempt finds it in `self.task.checkpoint`, which is None for
        the first. From now on `progress` may interrupt this attempt. Raises ClaimLostError, which rolls the batch
        back, if the task is no longer this attempt's.
        """
        if not Task.objects.claimed_as(self.task).update(checkpoint=checkpoint):
            raise ClaimLostError(self.task.pk)
        self.task.checkpoint = checkpoint
        self.reporter.has_checkpoint = True

    @classmethod
    def read_params(cls, params: dict[str, Any]) -> None:
        """Raise KeyError, TypeError or ValueError if the job cannot run with these parameters of a row."""

    @classmethod
    def queue(cls, user: "User | None", params: dict[str, Any]) -> TaskQueue:
        """Return the queue in which a new task with these parameters waits."""
        return TaskQueue.SMALL

    @classmethod
    def cooldown(cls) -> timedelta:
        """Return the time from a member's success to their next start."""
        return timedelta()

    @classmethod
    def in_use(cls) -> "Q | Combinable | None":
        """Return a condition for tasks whose rows must be kept, whatever their age."""
        return None

    @classmethod
    def on_failure(cls, task: Task) -> None:
        """Do what follows from a failure for good, in the transaction that marks it."""

    @classmethod
    def payload(cls, task: Task) -> dict[str, Any]:
        """Return what the task's notification holds besides its progress: JSON types only."""
        return {}

    @classmethod
    def may_change(cls, payload: dict[str, Any]) -> bool:
        """Return whether the alert of a task that has ended may still change, so that pages keep asking."""
        return False

    @classmethod
    def failure_text(cls, code: str, params: Mapping[str, Any] | None) -> str:
        """Return why a task failed, in the active language, for its member."""
        return str(cls.failure_texts.get(code) or failure_text(code, params))


class SystemJob(Job):
    """A job of the site's own, without a member; staff start it in the admin."""

    is_for_members = False
    staff_params = {}
