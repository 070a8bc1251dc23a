"""A member's view of an export, and their actions, over HTTP."""

from typing import Any

from django.test import Client

from exports.models import Archive
from tasks.models import Task, TaskStatus
from tests.waiting import wait_until


def start_export(client: Client, kind: str = "posts") -> Task:
    """Start an export as the member does; return its task."""
    before = set(Task.objects.values_list("pk", flat=True))
    client.post("/exports/", {"kind": kind})
    return Task.objects.exclude(pk__in=before).get()


def news_of(task: Task, client: Client) -> dict[str, Any]:
    """Return the latest word of the task in the poll."""
    items = [item["data"] for item in client.get("/notifications/").json() if item["name"] == "task_progress"]
    return dict(next(data for data in reversed(items) if data["task_id"] == str(task.pk)))


def exports_page(client: Client) -> str:
    """Return the page of the member's exports."""
    response = client.get("/exports/")
    assert response.status_code == 200
    return response.content.decode()


def wait_for_end(task: Task) -> Task:
    """Return the task when it is over."""

    def is_over() -> bool:
        task.refresh_from_db()
        return not task.is_active

    wait_until(is_over, what="The end of the task")
    return task


def wait_for_mail(task: Task) -> Archive:
    """Return the task's archive when its mail was sent."""
    mailed = Archive.objects.filter(task=task, mailed_at__isnull=False)
    return wait_until(mailed.first, what="The mail")  # type: ignore[return-value]


def downloaded(task: Task, client: Client) -> bytes:
    """Return the file as the member downloads it."""
    response = client.get(f"/exports/{task.pk}/download/")
    assert response.status_code == 200, response.content
    return b"".join(response.streaming_content)  # type: ignore[attr-defined]


def assert_another_succeeds(client: Client, kind: str = "posts") -> None:
    """Start a new export, as a member does whom the last one did not content; a worker has to be there."""
    assert wait_for_end(start_export(client, kind)).status == TaskStatus.SUCCEEDED
