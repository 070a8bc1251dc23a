"""Backup and restore: the commands of docs/operations.md, run as they stand there."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from django.conf import LazySettings
from django.db import connection, connections

from accounts.models import User
from e2e.deploy.guide import steps
from posts.models import Post
from posts.search.interface import find
from posts.search.query import Query
from posts.search.table import POSTS
from tasks.models import Task, TaskStatus
from tasks.services.launch import task_launch
from tasks.services.recovery import tasks_reconcile
from tasks.services.transitions import task_claim
from tests import postgresql
from tests.members import make_member
from tests.programs import find_program

Run = Callable[[str], None]


@pytest.fixture
def own_database(transactional_db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give the test a SQLite file that no other process has open: it is going to be replaced."""
    if connection.vendor != "sqlite":
        yield
        return
    own = str(tmp_path / "own.sqlite3")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM INTO %s", [own])  # a copy of the file would lack what is in the log beside it
    connection.close()
    monkeypatch.setitem(connection.settings_dict, "NAME", own)
    yield
    connection.close()
    monkeypatch.undo()


@pytest.fixture
def run(own_database: None, tmp_path: Path) -> Run:
    """Return a function that runs the commands under a heading, on the test's database and archives."""
    variables = {"VAR_DIR": str(tmp_path), "BACKUP": str(tmp_path / "backup"), "PATH": os.environ["PATH"]}
    if connection.vendor == "sqlite":
        find_program("sqlite3", package="sqlite3")
        variables["DATABASE"] = str(connection.settings_dict["NAME"])
    else:
        variables["PATH"] = f"{postgresql.find_programs()}:{variables['PATH']}"
        found = connection.get_connection_params()
        variables["DATABASE_URL"] = (
            f"postgres://{found['user']}@/{found['dbname']}?host={quote(found['host'], safe='')}"
        )

    def run(heading: str) -> None:
        connections.close_all()
        for step in steps(heading):
            subprocess.run(["bash", "-euc", step], env=variables, check=True)

    (tmp_path / "backup").mkdir()
    return run


def work(text: str) -> str:
    """Return the heading of what is done to the database in use."""
    return f"{text} {'SQLite' if connection.vendor == 'sqlite' else 'PostgreSQL'}"


def lose_everything() -> None:
    """Damage the database as far as it goes."""
    if connection.vendor == "sqlite":
        connection.close()
        Path(connection.settings_dict["NAME"]).write_bytes(b"This is no database. " * 500)
    else:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE posts_post CASCADE; CREATE TABLE of_a_later_release (id int)")


def test_a_backup_is_restored_and_a_running_export_continues(
    run: Run, redis_queue: object, tmp_path: Path, settings: LazySettings
) -> None:
    susan = make_member("susan")
    for body in ("A first post", "Ein schöner Tag"):
        susan.posts.create(body=body)
    running = task_launch(user=susan, name="export_posts")
    assert task_claim(task_id=str(running.pk), worker="of another life")
    archive = tmp_path / "exports" / "1" / "archive.zip"
    archive.parent.mkdir(parents=True)
    archive.write_bytes(b"PK")

    run(work("Back up"))
    run("Back up the archives")
    lose_everything()
    archive.unlink()
    for _time in range(2):  # a restore may be repeated, and a restored database backed up
        run(work("Restore"))
        run("Restore the archives")
        run(work("Back up"))

    assert archive.read_bytes() == b"PK"
    assert sorted(User.objects.get().posts.values_list("body", flat=True)) == ["A first post", "Ein schöner Tag"]
    assert find(POSTS, Query.parse("schoner")).ids
    assert "of_a_later_release" not in connection.introspection.table_names()
    susan.posts.create(body="Ids go on")
    assert Post.objects.count() == 3
    settings.EXPORT_STALE_AFTER = 0
    assert [task.pk for task in tasks_reconcile(immediately=True)] == [running.pk]
    assert Task.objects.get().status == TaskStatus.QUEUED


@pytest.mark.parametrize("damage", [b"", b"This is no backup. " * 500])
def test_a_damaged_backup_is_noticed_before_anything_is_replaced(run: Run, tmp_path: Path, damage: bytes) -> None:
    make_member("susan")
    run(work("Back up"))
    [backup] = (tmp_path / "backup").iterdir()
    whole = backup.read_bytes()
    backup.write_bytes(damage or whole[: len(whole) // 2])
    with pytest.raises(subprocess.CalledProcessError):
        run(work("Restore"))
    assert User.objects.get().username == "susan"
