"""The job that docs/background-jobs.md adds, as it stands there: on the page, in the queue, failing and retried."""

import re
import runpy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client
from django.urls import reverse

from accounts.models import User
from inbox.services import message_send
from tasks.models import Task, TaskStatus
from tasks.registry import JOBS
from tasks.services.recovery import tasks_reconcile
from tests.members import make_member, signed_in_client
from tests.waiting import wait_until

Work = Callable[[], None]

PAGE = Path("docs/background-jobs.md")
START = "/tasks/count_words/start/"


def block(language: str) -> str:
    match = re.search(rf"^```{language}\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert match, f"{PAGE} has no block of {language}."
    return match[1]


@pytest.fixture(autouse=True)
def count_words(tmp_path: Path, settings: LazySettings) -> Iterator[None]:
    """Add the page's two files to an app of this test's own."""
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox/_word_count.html").write_text(block("html"), encoding="utf-8")
    (tmp_path / "jobs.py").write_text(block("python"), encoding="utf-8")
    engine: dict[str, Any] = settings.TEMPLATES[0]
    settings.TEMPLATES = [{**engine, "DIRS": [*engine["DIRS"], tmp_path]}]
    runpy.run_path(str(tmp_path / "jobs.py"), run_name="words_app.jobs")
    yield
    del JOBS["count_words"]


def send(sender: User, *bodies: str) -> None:
    recipient = make_member("recipient")
    for body in bodies:
        message_send(sender=sender, recipient=recipient, body=body)


@pytest.fixture
def susan(susan: User) -> User:
    """Return a member who has sent three messages of two words each."""
    send(susan, "susan 0", "susan 1", "susan 2")
    return susan


def alert(client: Client) -> str:
    return " ".join(client.get("/explore/").content.decode().split())


def test_a_button_on_the_own_profile_starts_it_and_the_alert_shows_the_result(
    signed_in: Client, susan: User, work: Work
) -> None:
    assert f'action="{START}"' in signed_in.get(susan.get_absolute_url()).content.decode()
    signed_in.post(START)
    work()
    task = Task.objects.get()
    assert (task.status, task.progress, task.summary) == (TaskStatus.SUCCEEDED, 100, {"words": 6})
    assert "6 words" in alert(signed_in)


def test_only_its_owner_sees_the_button_and_jobs_without_one_cannot_be_started(
    signed_in: Client, john: User, susan: User, client: Client
) -> None:
    assert START not in signed_in_client(john).get(susan.get_absolute_url()).content.decode()
    assert signed_in.post(reverse("tasks:start", args=["example"])).status_code == 404
    assert signed_in.post(reverse("tasks:start", args=["nothing_of_the_kind"])).status_code == 404
    assert signed_in.get(START).status_code == 405
    assert client.post(START).status_code == 302
    assert not Task.objects.exists()


def test_its_progress_is_written_while_it_runs(
    signed_in: Client, work: Work, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.EXPORT_PROGRESS_INTERVAL = 0.01
    advance, job = JOBS["count_words"].progress, JOBS["count_words"]

    def progress(self: object, done: int, total: int) -> None:
        advance(self, done, total)  # type: ignore[arg-type]
        wait_until(lambda: Task.objects.get().done == done, what="The heartbeat")

    monkeypatch.setattr(job, "progress", progress)
    signed_in.post(START)
    work()
    assert Task.objects.get().status == TaskStatus.SUCCEEDED


def test_an_error_costs_an_attempt_and_the_next_one_succeeds(
    signed_in: Client, work: Work, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.EXPORT_RETRY_PAUSES = [0]
    signed_in.post(START)
    with monkeypatch.context() as broken:
        broken.setattr(JOBS["count_words"], "progress", lambda *_args: 1 / 0)
        work()
    assert Task.objects.get().status == TaskStatus.QUEUED
    tasks_reconcile()
    work()
    assert (Task.objects.get().status, Task.objects.get().attempt) == (TaskStatus.SUCCEEDED, 2)


def test_a_refusal_says_why_and_can_be_retried(john: User, work: Work) -> None:
    stranger = signed_in_client(john)
    stranger.post(START)
    work()
    failed = Task.objects.get()
    assert failed.status == TaskStatus.FAILED
    assert "You haven&#x27;t sent any messages yet." in alert(stranger)
    send(john, "two words")
    stranger.post(reverse("tasks:retry", args=[failed.pk]))
    work()
    assert Task.objects.exclude(pk=failed.pk).get().summary == {"words": 2}
