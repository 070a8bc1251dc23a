"""One moment of the database: as long as it is read, and no longer."""

from collections.abc import Callable

import pytest
from django.db import connection, transaction

from accounts.models import User
from exports.building.snapshot import read_snapshot
from exports.formats.posts_json import PostsList
from exports.formats.zip_file import ZipWriter
from tasks.models import Task, TaskStatus
from tasks.services.launch import task_launch
from tests.idle import stay_idle
from tests.workers import database_url

needs_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite ends no transaction by itself")


def is_in_transaction() -> bool:
    if connection.vendor == "sqlite":
        return bool(connection.connection.in_transaction)
    return bool(connection.connection.info.transaction_status)


@pytest.mark.parametrize(
    ("name", "last_step"), [("export_archive", (ZipWriter, "close")), ("export_posts", (PostsList, "close"))]
)
def test_the_transaction_ends_with_the_last_read(
    susan: User,
    work: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    last_step: tuple[type, str],
) -> None:
    """Remaining work, such as packing, can take a minute, and the server ends sessions that are idle for so long."""
    original, states = getattr(*last_step), []

    def look_first(*arguments: object) -> object:
        states.append(is_in_transaction())
        return original(*arguments)

    monkeypatch.setattr(*last_step, look_first)
    task = task_launch(user=susan, name=name)
    work()
    assert Task.objects.get(pk=task.pk).status == TaskStatus.SUCCEEDED
    assert states[-1] is False


@needs_postgresql
def test_packing_between_two_reads_ends_no_snapshot(susan: User) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET idle_in_transaction_session_timeout = '100ms'")
    try:
        with read_snapshot():
            assert susan.posts.count() == 3
            stay_idle(database_url(), 0.3)
            assert susan.posts.count() == 3
    finally:
        connection.close()


@pytest.mark.django_db
def test_within_another_transaction_the_snapshot_ends_nothing() -> None:
    with transaction.atomic():
        with read_snapshot() as snapshot:
            snapshot.end()
        assert connection.in_atomic_block


def test_an_error_after_the_end_reaches_the_caller(susan: User) -> None:
    def end_and_fail() -> None:
        with read_snapshot() as snapshot:
            snapshot.end()
            raise ValueError("late")

    with pytest.raises(ValueError, match="late"):
        end_and_fail()
    assert not is_in_transaction()
