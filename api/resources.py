"""What exports and imports have in common: their tasks, and pages of lists."""

import math
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal, TypeVar, cast

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from ninja import Field, Query, Schema

from accounts.models import User
from api.errors import ProblemError
from core.links import absolute_url
from tasks.models import Task, TaskStatus
from tasks.registry import JOBS, failure_text_of
from tasks.services.cooldown import next_start_in_words
from tasks.services.launch import (
    TaskAlreadyActiveError,
    TaskNoLongerOfferedError,
    TaskNotRetriableError,
    TaskTooSoonError,
    task_retry,
)
from tasks.services.transitions import task_cancel

PAGE_SIZE = 20
MAX_PAGE = 10_000
PageNumber = Annotated[int, Query(ge=1, le=MAX_PAGE)]
QUEUE_RETRY_AFTER = "60"  # seconds

Row = TypeVar("Row", bound=Any)
Out = TypeVar("Out")


class WrongValue(Schema):
    """A value that was not accepted."""

    pointer: str = Field(description=gettext_noop("Where it is, such as /body/kind."))
    detail: str


class Problem(Schema):
    """Why a request failed (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str = Field(description=gettext_noop("For people, in their language."))
    code: str = Field(description=gettext_noop("For programs. New codes can be added."))
    request_id: str = Field(description=gettext_noop("Name it when you report a problem."))
    errors: list[WrongValue] = Field([], description=gettext_noop("With the status 422."))


class TaskError(Schema):
    """Why a task failed."""

    code: str = Field(description=gettext_noop("For programs. New codes can be added."))
    detail: str = Field(description=gettext_noop("For people, in their language."))


class Progress(Schema):
    """How far a task is. It has ended with the status succeeded, failed or cancelled."""

    status: Literal["queued", "running", "succeeded", "failed", "cancelled"]
    progress: int = Field(ge=0, le=100, description=gettext_noop("Percent. 100 means success."))
    done: int
    total: int = Field(description=gettext_noop("0 while it isn't known."))
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    error: TaskError | None


def member_of(request: HttpRequest) -> User:
    """Return the member whose token it is: `Bearer` has set it."""
    return cast(User, request.user)


def progress_of(task: Task) -> dict[str, Any]:
    """Return the fields of Progress."""
    is_failed = task.status == TaskStatus.FAILED
    names = ("status", "progress", "done", "total", "created_at", "started_at", "ended_at")
    error = {"code": task.error_code, "detail": failure_text_of(task)} if is_failed else None
    return {**{name: getattr(task, name) for name in names}, "error": error}


def page_of(rows: QuerySet[Row], page: int, show: Callable[[list[Row]], list[Out]], path: str) -> dict[str, Any]:
    """Return a page of a list, and the address of the next one."""
    start = (page - 1) * PAGE_SIZE
    found = list(rows[start : start + PAGE_SIZE + 1])
    has_next = len(found) > PAGE_SIZE and page < MAX_PAGE
    following = absolute_url(f"{path}?page={page + 1}") if has_next else None
    return {"items": show(found[:PAGE_SIZE]), "next": following}


def launched(launch: Callable[[], Task]) -> Task:
    """Launch a task and return it. Raises ProblemError if it can't be started, or retried, or queued."""
    try:
        task = launch()
    except TaskAlreadyActiveError as error:
        raise ProblemError(409, str(JOBS[error.name].already_active), code="already_active") from error
    except TaskTooSoonError as error:
        raise _too_soon(error) from error
    except TaskNotRetriableError as error:
        raise ProblemError(409, _("Only failed or cancelled tasks can be retried."), code="not_retriable") from error
    except TaskNoLongerOfferedError as error:
        raise ProblemError(409, _("This is no longer available."), code="no_longer_offered") from error
    if task.status == TaskStatus.FAILED:
        headers = {"Retry-After": QUEUE_RETRY_AFTER}
        raise ProblemError(503, failure_text_of(task), code=task.error_code, headers=headers)
    return task


def _too_soon(error: TaskTooSoonError) -> ProblemError:
    seconds = max(1, math.ceil((error.next_at - timezone.now()).total_seconds()))
    text = _("Nothing was started.") + " " + next_start_in_words(error.next_at)
    return ProblemError(429, text, code="too_soon", headers={"Retry-After": str(seconds)})


def retried(task: Task, user: User) -> Task:
    """Retry a task of the member's. Raises ProblemError."""
    return launched(lambda: task_retry(task, actor=user))


def cancelled(task: Task, user: User) -> Task:
    """Cancel a task of the member's. Raises ProblemError if it has ended."""
    ended = task_cancel(task, actor=user)
    if ended is None:
        raise ProblemError(409, _("This had already ended."), code="already_ended")
    return ended
