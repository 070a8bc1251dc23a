"""Fills a database with the code of the last release whose tasks were a part of `exports`; run in that code's folder.

Prints, as JSON, what that release says of it: the permissions of each account and of each role. The rows are made by
that release's own models, and the queued jobs by its own services, so nothing here is imported by name.
"""

import json
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

import django
from django.apps import apps
from django.utils import timezone

STAFF: dict[str, dict[str, Any]] = {
    "vera": {"role": "Support"},
    "otto": {"role": "Night shift"},
    "paula": {"permissions": ["retry_task", "fail_task", "change_task", "view_tally", "mail_archive"]},
}
NIGHT_SHIFT = ["view_task", "cancel_task", "view_taskevent", "view_housekeeping", "view_archive", "add_post"]
THEN = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
ENDS: list[dict[str, Any]] = [
    {"status": "succeeded", "progress": 100, "done": 3, "total": 3, "attempt": 2, "failures": 1},
    {
        "status": "failed",
        "progress": 17,
        "attempt": 3,
        "failures": 3,
        "error_code": "timed_out",
        "error_params": {"minutes": 5},
        "error": "It took longer than allowed.",
        "traceback": "Traceback: ¡ay! 🦔",
    },
    {"status": "cancelled", "progress": 42, "attempt": 1, "params": {"seconds": 3}},
]


def model(label: str) -> Any:
    """Return a model of that release."""
    return apps.get_model(label)


def permissions(names: list[str]) -> Any:
    """Return the rows of these permissions."""
    return model("auth.Permission").objects.filter(codename__in=names)


def add_accounts() -> dict[str, Any]:
    """Add two members, staff with roles and with single permissions, and a superuser."""
    make_member = import_module("tests.members").make_member
    group = model("auth.Group").objects.create(name="Night shift")
    group.permissions.set(permissions(NIGHT_SHIFT))
    accounts = {name: make_member(name) for name in ("susan", "john")}
    for name, given in STAFF.items():
        accounts[name] = make_member(name, is_staff=True)
        accounts[name].groups.set(model("auth.Group").objects.filter(name=given.get("role")))
        accounts[name].user_permissions.set(permissions(given.get("permissions", [])))
    accounts["ada"] = make_member("ada", is_staff=True, is_superuser=True)
    return accounts


def add_active_tasks(accounts: dict[str, Any]) -> None:
    """Add queued tasks, with their jobs in the queue, and a running one."""
    launch = import_module("exports.services.launching").task_launch
    for number in range(3):
        model("posts.Post").objects.create(author=accounts["susan"], body=f"susan {number}")
    for name in ("export_posts", "export_archive"):
        launch(user=accounts["susan"], name=name, actor=accounts["susan"])
    launch(user=accounts["susan"], name="example", params={"seconds": 1}, by_staff=True, actor=accounts["ada"])
    launch(user=accounts["john"], name="export_posts", actor=accounts["john"])
    model("exports.Task").objects.create(
        user=accounts["john"],
        name="export_archive",
        description="Exporting everything...",
        status="running",
        lane="large",
        progress=40,
        done=4,
        total=10,
        attempt=1,
        worker="w1",
        heartbeat_at=timezone.now(),
        started_at=timezone.now(),
    )


def add_ended_task(user: Any, ada: Any, *, name: str, end: dict[str, Any]) -> None:
    """Add a task that has ended, its history, its alert, its file or the email about its failure, and log entries."""
    task = model("exports.Task").objects.create(
        user=user,
        name=name,
        description="Exporting posts...",
        request_id="r" * 32,
        language="es",
        email=user.email,
        worker="w1",
        created_at=THEN,
        queued_at=THEN,
        started_at=THEN + timedelta(seconds=1),
        ended_at=THEN + timedelta(seconds=9),
        heartbeat_at=THEN + timedelta(seconds=8),
        **end,
    )
    for status, reason, by in (
        ("queued", "asked", "member"),
        ("running", "claimed", "system"),
        (task.status,) * 2 + ("staff",),
    ):
        model("exports.TaskEvent").objects.create(
            task=task,
            at=THEN,
            status=status,
            reason=reason,
            attempt=1,
            by=by,
            actor=ada,
            worker="w1",
            detail="ValueError",
        )
    import_module("exports.services.news").task_publish(task)
    log(ada, task)
    if task.status == "succeeded" and name != "example":
        log(ada, add_archive(task))
    elif task.status == "failed":
        model("exports.FailureEmail").objects.create(
            task=task, mail_attempts=2, mail_error="refused", mail_answer="550"
        )


def add_archive(task: Any) -> Any:
    """Add the row of a task's file."""
    return model("exports.Archive").objects.create(
        task=task,
        user=task.user,
        file=f"{task.user_id}/{task.pk}-2/posts.json",
        filename="posts.json",
        content_type="application/json",
        size=13,
        sha256="a" * 64,
        item_counts={"posts": 3},
        snapshot_at=THEN,
        expires_at=timezone.now() + timedelta(days=7),
        download_count=2,
        mailed_to=task.user.email,
        mailed_at=THEN,
        mail_repeats=1,
        mail_id="id-1",
        mail_event="delivered",
        mail_link_reason="refused",
    )


def log(staff: Any, row: Any) -> None:
    """Note in the administration's log that staff have changed a row."""
    model("admin.LogEntry").objects.log_actions(staff.pk, [row], 2, change_message="Changed.")


def main() -> None:
    """Fill the database; print what is said of it."""
    accounts = add_accounts()
    add_active_tasks(accounts)
    for username in ("susan", "john"):
        for name in ("export_posts", "export_archive", "example"):
            for end in ENDS:
                add_ended_task(accounts[username], accounts["ada"], name=name, end=end)
    model("exports.Housekeeping").objects.create(name="expiry", at=THEN, worker="w1", error="OSError")
    model("exports.Tally").objects.create(name="tasks:export_posts:succeeded", total=12.5)
    groups = model("auth.Group").objects.all()
    said = {
        "accounts": {name: sorted(user.get_all_permissions()) for name, user in accounts.items()},
        "roles": {
            group.name: sorted(group.permissions.values_list("content_type__app_label", "codename")) for group in groups
        },
    }
    print(json.dumps(said))  # noqa: T201


if __name__ == "__main__":
    django.setup()
    main()
