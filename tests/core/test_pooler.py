"""PostgreSQL behind PgBouncer in transaction mode, and over TCP: the guards of a session hold there too."""

from collections.abc import Callable, Iterator
from typing import cast

import pytest
from django.db import DatabaseError, connection, transaction

from accounts.models import User
from core.checks import database_server
from core.health import Status, worst
from core.postgresql.base import DatabaseWrapper
from exports.building.snapshot import read_snapshot
from tasks.models import Task, TaskStatus
from tasks.services.launch import task_launch
from tests.faults.databases import default_database
from tests.idle import stay_idle
from tests.mail_server import free_port
from tests.members import make_member, signed_in_client
from tests.poolers import Pooler, find_pgbouncer
from tests.postgresql import Cluster, PostgresUnavailableError

IGNORED = "ignore_startup_parameters = options"

pytestmark = [pytest.mark.long, pytest.mark.processes, pytest.mark.django_db(transaction=True)]
needs_pgbouncer = pytest.mark.skipif(
    not find_pgbouncer(), reason="No PgBouncer on this machine; on Debian: apt install pgbouncer"
)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    try:
        cluster = Cluster(tcp_port=(port := free_port()))
    except PostgresUnavailableError as error:
        pytest.skip(str(error))
    cluster.url = f"postgres://postgres@127.0.0.1:{port}/postgres"
    yield cluster
    cluster.stop()


@pytest.fixture(params=["", IGNORED], ids=["refused", "ignored"])
def pooled(cluster: Cluster, request: pytest.FixtureRequest) -> Iterator[Pooler]:
    """The site's database is behind a pooler that refuses, or ignores, what is asked of the session."""
    pooler = Pooler(cluster, request.param)
    try:
        with default_database(pooler.url):
            yield pooler
            User.objects.all().delete()
    finally:
        pooler.stop()


def value_of(name: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting(%s)", [name])
        return str(cursor.fetchone()[0])


@transaction.atomic
def fall_asleep(cluster: Cluster, seconds: float) -> None:
    value_of("jit")
    stay_idle(cluster.url, seconds)
    value_of("jit")


@needs_pgbouncer
def test_the_site_works_behind_a_pooler(pooled: Pooler, run_worker: Callable[[], None]) -> None:
    susan = make_member("susan")
    client = signed_in_client(susan)
    assert client.post("/", {"body": "Hello"}).status_code == 302
    assert "Hello" in client.get("/explore/?q=x").content.decode()
    assert client.get("/search/?q=hello").status_code == 200
    task = task_launch(user=susan, name="export_archive")
    run_worker()
    assert Task.objects.get(pk=task.pk).status == TaskStatus.SUCCEEDED


@needs_pgbouncer
def test_a_transaction_that_falls_asleep_is_ended_behind_a_pooler_too(pooled: Pooler, cluster: Cluster) -> None:
    with transaction.atomic():
        assert (value_of("idle_in_transaction_session_timeout"), value_of("jit")) == ("1min", "off")
    connection.close()
    connection.settings_dict["OPTIONS"]["options"] = "-c idle_in_transaction_session_timeout=200ms"
    with pytest.raises(DatabaseError, match="idle-in-transaction"):
        fall_asleep(cluster, 0.6)
    connection.close()


@needs_pgbouncer
def test_a_guard_leaks_to_nobody_elses_session(pooled: Pooler) -> None:
    with transaction.atomic():
        value_of("jit")
    assert {value_of("idle_in_transaction_session_timeout") for _ in range(4)} == {"0"}


@needs_pgbouncer
def test_rows_in_chunks_come_whole_outside_of_transactions(pooled: Pooler) -> None:
    for number in range(5):
        make_member(f"member{number}")
    names = [user.username for user in User.objects.order_by("username").iterator(chunk_size=2)]
    assert names == [f"member{number}" for number in range(5)]


@needs_pgbouncer
def test_the_doctor_says_what_the_session_lacks_and_how_it_gets_it(pooled: Pooler) -> None:
    [found] = [finding for finding in database_server() if finding.status is Status.WARNING]
    assert "idle_in_transaction_session_timeout" in str(found.text)
    with connection.cursor() as cursor:
        for statement in str(found.hint).split(": ", 1)[1].split(";")[:-1]:
            cursor.execute(statement)
    try:
        assert "SET idle_in_transaction_session_timeout = '1min'" in str(found.hint)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER ROLE CURRENT_USER RESET ALL")


def test_without_a_pooler_the_session_has_all_its_guards(cluster: Cluster) -> None:
    with default_database(cluster.url):
        assert value_of("idle_in_transaction_session_timeout") == "1min"
        assert cast(DatabaseWrapper, connection).lost == {}
        assert worst(database_server()) is Status.OK


def test_a_slow_reader_of_a_snapshot_is_not_ended_over_tcp(cluster: Cluster) -> None:
    """Linux counts one that takes nothing for ten seconds, a frozen work-horse, as silent."""
    with default_database(cluster.url):
        assert value_of("tcp_user_timeout") == "10000"
        with read_snapshot():
            assert value_of("tcp_user_timeout") == "0"
        assert value_of("tcp_user_timeout") == "10000"
