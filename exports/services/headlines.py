"""What an export's alert says in two words, where several fold into one line."""

from typing import Any

from exports.models import TaskStatus
from exports.services.outcomes import BY_STATUS, DONE, READY
from notifications.alerts import Headline


def task_headline(payload: dict[str, Any]) -> Headline:
    """Return which export it is, and where it stands."""
    status = payload["status"]
    if status == TaskStatus.SUCCEEDED:
        outcome = READY if payload.get("archive") else DONE
    else:
        outcome = BY_STATUS[TaskStatus(status)]
    return Headline(str(payload["label"]), str(outcome.label), outcome.badge)
