"""An alert of each kind, as `tasks.services.payloads` would publish them."""

from typing import Any

from accounts.models import User
from notifications.services import notify

MOMENT = "2026-11-23T10:00:00+00:00"
FILE = {"posts": 3, "size": 300, "item_counts": {"posts": 3, "follows": 1, "followers": 2, "skipped": 1}}
STATES: list[dict[str, Any]] = [
    {"status": "queued", "progress": 0},
    {"status": "queued", "progress": 0, "ahead": 2, "wait_seconds": 90},
    {"status": "queued", "progress": 0, "ahead": 0, "is_stalled": True, "queued_at": MOMENT},
    {"status": "queued", "progress": 17, "due_at": MOMENT},
    {"status": "running", "progress": 0},
    {"status": "running", "progress": 42, "done": 420_000, "total": 1_000_000, "remaining_seconds": 30},
    {"status": "running", "progress": 99, "done": 9, "total": 9},
    {"status": "succeeded", "progress": 100, "archive": {**FILE, "mailed_to": "susan@example.com"}},
    {"status": "succeeded", "progress": 100, "archive": {**FILE, "mail_pending": True}},
    {"status": "succeeded", "progress": 100, "archive": {**FILE, "mail_error": "refused"}},
    {"status": "failed", "progress": 17, "error": "…"},
    {"status": "cancelled", "progress": 17},
]


def show_alerts(user: User, states: list[dict[str, Any]] = STATES, *, description: str = "…") -> None:
    """Give the member an alert in each state."""
    for number, state in enumerate(states):
        task_id = f"00000000-0000-0000-0000-0000000000{number:02}"
        data = {"task_id": task_id, "name": "export_posts", "description": description, **state}
        notify(user_id=user.pk, name="task_progress", key=task_id, data=data)
