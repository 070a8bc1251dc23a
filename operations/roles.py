"""The roles of staff: groups with the permissions that each needs. Each is created once; the site may change it."""

import logging
from typing import Any

from django.apps import apps as all_apps
from django.apps.registry import Apps

logger = logging.getLogger(__name__)

SUPPORT = (
    "accounts.view_user",
    "tasks.view_task",
    "tasks.cancel_task",
    "tasks.retry_task",
    "exports.view_archive",
    "exports.view_schedule",
    "imports.view_import",
    "exports.mail_archive",
)
OPERATING = ("fail_task", "pause_queue", "start_example", "start_system_job")
ROLES = {
    "Support": SUPPORT,
    "Moderators": ("accounts.view_user", "posts.view_post", "posts.delete_post"),
    "Operators": (*SUPPORT, *(f"tasks.{name}" for name in OPERATING), "admin.view_logentry"),
}
"""Only superusers may use the queue's dashboard and edit staff accounts and groups."""


def roles_ensure(*, apps: Apps = all_apps, **_signal: Any) -> None:
    """Create the missing groups after a migration; leave those that staff have changed."""
    try:
        group_model, permission_model = apps.get_model("auth", "Group"), apps.get_model("auth", "Permission")
    except LookupError:  # migrated to before there were any
        return
    rows = permission_model.objects.values_list("content_type__app_label", "codename", "pk")
    permissions = {f"{app_label}.{codename}": pk for app_label, codename, pk in rows}
    for name, needed in ROLES.items():
        if not permissions.keys() >= set(needed):
            logger.info("The role %s waits for a later migration: some of its permissions are not there yet", name)
        elif not group_model.objects.filter(name=name).exists():
            group_model.objects.create(name=name).permissions.set(permissions[permission] for permission in needed)
