"""What staff can do to tasks: cancel, retry and fail them, by the services that members' own buttons use."""

from collections.abc import Sequence

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from accounts.models import User
from core.staff.actions import StaffAction
from tasks.models import Task
from tasks.models.failure import Failure, FailureCode
from tasks.registry import task_is_known
from tasks.services.launch import AccountClosedError, TaskAlreadyActiveError, task_retry
from tasks.services.transitions import task_cancel, task_fail


def stop(task: Task, actor: User) -> Task | None:
    """Fail the task, if it is active, and tell its member so."""
    failure = Failure(FailureCode.STOPPED_BY_STAFF)
    return task_fail(Task.objects.active().filter(pk=task.pk), task, failure=failure, actor=actor)


def retry_if_possible(task: Task, actor: User) -> bool:
    """Launch the task again, regardless of its job's cooldown; return False if that is impossible now."""
    if not (task.can_be_retried and task_is_known(task)):
        return False
    try:
        task_retry(task, by_staff=True, actor=actor)
    except (TaskAlreadyActiveError, AccountClosedError):
        return False
    return True


def over(tasks: Sequence[Task]) -> dict[object, str]:
    """Return why tasks that have ended cannot be stopped."""
    return {task.pk: _("it has already ended") for task in tasks if not task.is_active}


def not_retriable(tasks: Sequence[Task]) -> dict[object, str]:
    """Return why some of the tasks cannot be retried; of one member and name, one can be active at a time."""
    members = Q(user__in={task.user_id for task in tasks}) | Q(user=None)
    taken: set[tuple[int | None, str]] = set(Task.objects.active().filter(members).values_list("user_id", "name"))
    reasons: dict[object, str] = {}
    for task in tasks:
        if not task.can_be_retried:
            reasons[task.pk] = _("it neither failed nor was cancelled")
        elif not task_is_known(task):
            reasons[task.pk] = _("this kind of task no longer exists")
        elif task.user and not task.user.is_active:
            reasons[task.pk] = _("its member's account is not active")
        elif (task.user_id, task.name) in taken:
            reasons[task.pk] = _("its member already has one in progress") if task.user else _("one is in progress")
        else:
            taken.add((task.user_id, task.name))
    return reasons


CANCEL = StaffAction(
    name="cancel",
    title=gettext_lazy("Cancel tasks"),
    consequence=gettext_lazy(
        "They'll stop within seconds. Members will see that their tasks were cancelled, and can retry them."
    ),
    log=gettext_noop("Cancelled the task"),
    left=over,
    act=lambda task, actor: task_cancel(task, actor=actor) is not None,
)
RETRY = StaffAction(
    name="retry",
    title=gettext_lazy("Retry tasks"),
    consequence=gettext_lazy("Each task will start again for its member."),
    log=gettext_noop("Retried the task"),
    left=not_retriable,
    act=retry_if_possible,
)
FAIL = StaffAction(
    name="fail",
    title=gettext_lazy("Fail tasks"),
    consequence=gettext_lazy(
        "They'll fail immediately. Members will see that staff stopped their tasks, and can retry them."
    ),
    log=gettext_noop("Marked the task as failed"),
    left=over,
    act=lambda task, actor: stop(task, actor) is not None,
)
