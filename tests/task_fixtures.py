"""Fixtures for tests of tasks and exports: a member with posts, a real queue, and a worker that empties it."""

from collections.abc import Callable, Iterator

import django_rq
import pytest
from django.test import Client
from rq import Queue

from accounts.models import User
from exports.models import Archive
from tasks.models import Task
from tasks.queue.client import LARGE_QUEUE_NAME, QUEUE_NAME
from tasks.services.launch import task_launch
from tests.members import make_member, signed_in_client, write_posts_for
from tests.workers import InProcessWorker


@pytest.fixture
def susan(transactional_db: None) -> User:
    user = make_member("susan")
    write_posts_for(user, 3)
    return user


@pytest.fixture
def john(transactional_db: None) -> User:
    return make_member("john")


@pytest.fixture
def signed_in(susan: User) -> Client:
    return signed_in_client(susan)


@pytest.fixture
def queue() -> Iterator[Queue]:
    """The queue on the server that the tests started, with nothing but the test's own jobs in it."""
    queue, large = django_rq.get_queue(QUEUE_NAME), django_rq.get_queue(LARGE_QUEUE_NAME)
    for one in (queue, large):
        one.empty()
    yield queue
    for one in (queue, large):
        one.empty()


@pytest.fixture
def large_queue(queue: Queue) -> Queue:
    """The queue of large exports."""
    return django_rq.get_queue(LARGE_QUEUE_NAME)


@pytest.fixture
def work(queue: Queue) -> Callable[[], None]:
    """Run all that is queued, in this process."""

    def run() -> None:
        InProcessWorker([queue], connection=queue.connection).work(burst=True)

    return run


@pytest.fixture
def exported(susan: User, work: Callable[[], None]) -> Archive:
    """Susan's finished export."""
    task = task_launch(user=susan, name="export_posts")
    work()
    return Archive.objects.get(task=task)


@pytest.fixture
def failed(susan: User) -> Task:
    return Task.objects.create(user=susan, name="export_posts", description="Exporting", status="failed", error="Why.")


@pytest.fixture
def unreachable_queue(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Point the queue at a socket without a listener."""
    nowhere = tmp_path_factory.mktemp("nowhere") / "nobody.sock"
    monkeypatch.setitem(django_rq.settings.QUEUES["default"], "URL", f"unix://{nowhere}")
