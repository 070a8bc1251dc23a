"""The warm-up: resources that a worker prepares so that its work-horses needn't."""

import pytest
from django.conf import settings
from django.template import engines
from django.template.loaders.cached import Loader
from django.urls import get_resolver
from django.urls.base import clear_url_caches
from rq import Queue

from accounts.models import User
from tasks.services.launch import task_launch
from tests.members import write_posts_for
from tests.workers import InProcessWorker


def compiled() -> dict[str, object]:
    """The templates that are compiled already."""
    [loader] = engines["django"].engine.template_loaders  # type: ignore[attr-defined]
    assert isinstance(loader, Loader)
    cache: dict[str, object] = loader.get_template_cache
    return cache


@pytest.fixture
def fresh_worker(queue: Queue) -> InProcessWorker:
    """A worker that was started in a process that had done nothing yet."""
    compiled().clear()
    clear_url_caches()
    return InProcessWorker([queue], connection=queue.connection)


def test_the_addresses_are_known_in_every_language(fresh_worker: InProcessWorker) -> None:
    assert set(get_resolver()._reverse_dict) >= {code for code, _name in settings.LANGUAGES}


@pytest.mark.parametrize("name", ["export_posts", "export_archive"])
def test_a_job_compiles_no_template_that_its_worker_had_not_compiled(
    fresh_worker: InProcessWorker, susan: User, name: str
) -> None:
    write_posts_for(susan, 60)
    ready = set(compiled())
    task = task_launch(user=susan, name=name)
    fresh_worker.work(burst=True)
    task.refresh_from_db()
    assert task.status == "succeeded"
    assert task.archive.mailed_at
    assert set(compiled()) == ready
