"""The database of an earlier release, upgraded: every row, permission and link is still there, and queued jobs run.

The earlier release is the last one whose tasks were a part of `exports`. Its own code makes the database.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import django_rq
import psycopg
import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import connection, connections
from django.test import Client
from pytest_django import DjangoDbBlocker

from accounts.models import User
from e2e.releases.release import check_out
from exports.models import Archive, FailureEmail
from tasks.models import Task, TaskStatus
from tasks.queue.client import QUEUE_NAMES
from tests.faults.databases import default_database
from tests.members import signed_in_client
from tests.programs import cannot_run
from tests.workers import InProcessWorker, database_url
from tools.previous_release import NoPreviousReleaseError, git

EARLIER = "c6397fe2bc0c72062ba7cffe3e2af03a1063be4e"
"""The last commit whose tasks were a part of `exports`."""
FILL = Path(__file__).with_name("earlier_rows.py")
MOVED = {
    "task": "task",
    "taskevent": "taskevent",
    "housekeeping": "housekeeping",
    "tally": "counter",
}
"""Models that are in `tasks` now, by their names in `exports`."""
GRANTED = {"Operators": {"tasks.pause_queue", "tasks.start_system_job"}}
"""What the upgrade gives to the site's own roles, because it has buttons that the earlier release had not."""
REWRITTEN = {"django_migrations", "django_content_type", "auth_permission"}
"""Tables whose rows the upgrade changes; tests of their own look at what depends on them."""

Rows = dict[str, dict[Any, dict[str, Any]]]
"""All rows, by table and primary key."""

pytestmark = pytest.mark.long


@dataclass
class Upgrade:
    """The database before and after the upgrade, and the earlier release's description of it."""

    before: Rows
    after: Rows
    said: dict[str, Any]
    copy: str
    """The DATABASE_URL of a copy that is as the earlier release left it."""


def all_rows() -> Rows:
    """Return every row of the database as it is stored, whatever the models are."""
    rows: Rows = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            key = connection.introspection.get_primary_key_column(cursor, table)
            if key is None:  # the vocabulary of SQLite's full-text index
                continue
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            names = [column[0] for column in cursor.description]
            found = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
            rows[table] = {row[key]: row for row in found}
    return rows


@contextmanager
def new_database(folder: Path, name: str, *, like: str = "") -> Iterator[str]:
    """Make a database of the kind that the tests run on, empty or a copy of another; yield its DATABASE_URL."""
    if connection.vendor == "sqlite":
        if like:
            shutil.copy(folder / f"{like}.sqlite3", folder / f"{name}.sqlite3")
        yield f"sqlite:///{folder / name}.sqlite3"
        return
    server = {"host": connection.settings_dict["OPTIONS"]["host"], "user": "postgres", "dbname": "postgres"}
    with psycopg.connect(**server, autocommit=True) as administrator:
        administrator.execute(f"CREATE DATABASE {name} TEMPLATE {like or 'template0'}".encode())
        try:
            yield database_url().replace(f"/{connection.settings_dict['NAME']}?", f"/{name}?")
        finally:
            administrator.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the code of the earlier release."""
    try:
        git("cat-file", "-e", f"{EARLIER}^{{commit}}")
    except NoPreviousReleaseError as error:
        cannot_run(f"{error} The history is needed: git fetch --unshallow")
    return check_out(EARLIER, tmp_path_factory.mktemp("earlier") / "code")


def run(code: Path, url: str, *command: str) -> str:
    """Run Python in the earlier release's folder, on the database at `url`; return its output."""
    environment = os.environ | {"DATABASE_URL": url}
    result = subprocess.run(
        [sys.executable, *command], cwd=code, env=environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def upgrade(
    code: Path, django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Upgrade]:
    """Upgrade a database of the earlier release, and use it in these tests."""
    folder = tmp_path_factory.mktemp("databases")
    with django_db_blocker.unblock(), new_database(folder, "earlier") as url:
        run(code, url, "manage.py", "migrate", "--verbosity", "0")
        said = json.loads(run(code, url, "-c", f"import runpy; runpy.run_path({str(FILL)!r}, run_name='__main__')"))
        with new_database(folder, "copied", like="earlier") as copy, default_database(url):
            before = all_rows()
            call_command("migrate", verbosity=0)
            ContentType.objects.clear_cache()
            yield Upgrade(before, all_rows(), said, copy)
    for name in QUEUE_NAMES.values():
        django_rq.get_queue(name).empty()
    ContentType.objects.clear_cache()


@pytest.fixture
def ada(upgrade: Upgrade) -> Client:
    """Return the browser of a superuser."""
    return signed_in_client(User.objects.get(username="ada"))


def changes(before: Rows, after: Rows) -> list[str]:
    """Return the rows that are not there any more, or have another value."""
    return [
        f"{table} {key}: {row} became {now}"
        for table, rows in before.items()
        if table not in REWRITTEN
        for key, row in rows.items()
        if (now := after[table].get(key)) is None or row.items() - now.items()
    ]


def test_the_earlier_release_has_filled_every_table(upgrade: Upgrade) -> None:
    tables = {table for table, rows in upgrade.before.items() if table.startswith("exports_") and not rows}
    assert not tables
    assert {row["status"] for row in upgrade.before["exports_task"].values()} == set(TaskStatus.values)


def test_every_row_is_there_with_every_value(upgrade: Upgrade) -> None:
    assert not changes(upgrade.before, upgrade.after)


def permission_now(name: str) -> str:
    """Return the present name of a permission of the earlier release."""
    app, _dot, codename = name.partition(".")
    action, _underscore, model = codename.rpartition("_")
    if app == "exports" and model in {*MOVED, "example"}:
        return f"tasks.{action}_{MOVED.get(model, model)}"
    return name


@pytest.mark.parametrize("username", ["susan", "vera", "otto", "paula"])
def test_accounts_may_do_what_they_could_do(upgrade: Upgrade, username: str) -> None:
    expected = {permission_now(name) for name in upgrade.said["accounts"][username]}
    assert User.objects.get(username=username).get_all_permissions() == expected
    assert bool(expected) == (username != "susan")


def test_roles_keep_their_permissions_and_get_those_of_new_buttons(upgrade: Upgrade) -> None:
    expected = {
        name: {permission_now(".".join(permission)) for permission in permissions} | GRANTED.get(name, set())
        for name, permissions in upgrade.said["roles"].items()
    }
    rows = {group.name: group.permissions.select_related("content_type") for group in Group.objects.all()}
    assert expected == {
        name: {f"{row.content_type.app_label}.{row.codename}" for row in permissions}
        for name, permissions in rows.items()
    }


def test_no_permission_is_of_a_model_that_is_gone(upgrade: Upgrade) -> None:
    assert [
        kind for kind in ContentType.objects.filter(app_label__in=["exports", "tasks"]) if not kind.model_class()
    ] == []


def test_entries_of_the_log_lead_to_the_pages_of_their_rows(upgrade: Upgrade, ada: Client) -> None:
    addresses = [str(entry.get_admin_url()) for entry in LogEntry.objects.all()]
    assert len(addresses) == len(upgrade.before["django_admin_log"])
    assert {address: ada.get(address).status_code for address in addresses} == dict.fromkeys(addresses, 200)


def test_staff_and_members_see_the_tasks_that_they_saw(upgrade: Upgrade, ada: Client) -> None:
    listed = ada.get("/admin/tasks/task/").content.decode()
    assert listed.count('class="action-checkbox"') == len(upgrade.before["exports_task"])
    susans = signed_in_client(User.objects.get(username="susan"))
    page = susans.get("/exports/").content.decode()
    archives = Archive.objects.filter(user__username="susan")
    assert all(f"/exports/{archive.task_id}/download/" in page for archive in archives)
    assert FailureEmail.objects.filter(task__status="failed").count() == len(upgrade.before["exports_failureemail"])


def test_a_page_that_is_still_open_can_cancel(upgrade: Upgrade) -> None:
    task = Task.objects.get(user__username="john", status=TaskStatus.QUEUED)
    signed_in_client(task.member).post(f"/exports/{task.pk}/cancel/")
    task.refresh_from_db()
    assert task.status == TaskStatus.CANCELLED


def test_jobs_that_the_earlier_release_has_queued_run(upgrade: Upgrade, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "close_all", lambda: None)
    tasks = Task.objects.filter(user__username="susan", status=TaskStatus.QUEUED)
    begun = {task.pk: task.name for task in tasks}
    queues = [django_rq.get_queue(name) for name in QUEUE_NAMES.values()]
    InProcessWorker(queues, connection=queues[0].connection).work(burst=True)
    assert dict(Task.objects.filter(pk__in=begun).values_list("name", "status")) == {
        "export_posts": TaskStatus.SUCCEEDED,
        "export_archive": TaskStatus.SUCCEEDED,
        "example": TaskStatus.SUCCEEDED,
    }


def test_the_way_back_and_forth_loses_nothing(upgrade: Upgrade) -> None:
    with default_database(upgrade.copy):
        before = all_rows()
        call_command("migrate", verbosity=0)
        Task.objects.create(user=None, name="of_the_site").events.create(status="queued", reason="asked", attempt=0)
        call_command("migrate", "tasks", "zero", verbosity=0)
        back = all_rows()
        assert back["exports_task"].keys() == before["exports_task"].keys()
        assert not changes(before, back)
        permissions = [dict(rows["auth_permission"]) for rows in (before, back)]
        assert permissions[0].items() <= permissions[1].items()
        call_command("migrate", verbosity=0)
        assert not changes(before, all_rows())
    ContentType.objects.clear_cache()


@pytest.mark.long
def test_a_new_database_goes_back_and_forth(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path: Path
) -> None:
    with django_db_blocker.unblock(), new_database(tmp_path, "fresh") as url, default_database(url):
        call_command("migrate", "tasks", "zero", verbosity=0)
        call_command("migrate", verbosity=0)
        assert Group.objects.get(name="Operators").permissions.filter(content_type__app_label="tasks").exists()
    ContentType.objects.clear_cache()
