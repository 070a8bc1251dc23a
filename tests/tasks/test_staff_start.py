"""Starting jobs in the admin: a registered job appears in the form and runs, with no line changed elsewhere."""

from collections.abc import Callable, Iterator
from typing import ClassVar

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import Client
from rq import Queue

from accounts.models import User
from tasks.job import Job, Result, SystemJob
from tasks.models import Task, TaskStatus
from tasks.registry import JOBS, register
from tests.members import make_member, signed_in_client

LIST = "/admin/tasks/task/"
START = f"{LIST}start/"


@pytest.fixture
def sweep() -> Iterator[type[Job]]:
    """A kind of job that the site has never seen."""

    class Sweep(SystemJob):
        name = "sweep"
        label = description = "Sweep the floor"
        runs: ClassVar[list[str]] = []

        def run(self) -> Result:
            self.runs.append(str(self.task.pk))
            return Result(done=1)

    yield register(Sweep)
    del JOBS["sweep"]


def staff_with(*codenames: str) -> tuple[Client, User]:
    user = make_member(is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_task", *codenames]))
    return signed_in_client(user), user


def test_a_newly_registered_job_is_offered_and_runs(
    transactional_db: None, sweep: type[Job], queue: Queue, work: Callable[[], None]
) -> None:
    client, user = staff_with("start_system_job")
    assert '<option value="sweep">Sweep the floor</option>' in client.get(LIST).content.decode()
    client.post(START, {"job": "sweep"})
    work()
    task = Task.objects.get()
    assert (task.name, task.user, task.status) == ("sweep", None, TaskStatus.SUCCEEDED)
    assert LogEntry.objects.get().change_message == "Started the task"
    assert task.events.get(reason="asked").actor == user


def test_a_second_start_while_it_is_active_starts_nothing(
    transactional_db: None, sweep: type[Job], queue: Queue
) -> None:
    client, _user = staff_with("start_system_job")
    client.post(START, {"job": "sweep"})
    text = client.post(START, {"job": "sweep"}, follow=True).content.decode()
    assert "already in progress" in text
    assert Task.objects.count() == LogEntry.objects.count() == 1


def test_the_example_runs_for_the_member_of_staff_who_starts_it(transactional_db: None, queue: Queue) -> None:
    client, user = staff_with("start_example")
    client.post(START, {"job": "example"})
    assert Task.objects.get().user == user
    assert client.post(START, {"job": "rebuild_search_index"}).status_code == 403


def test_jobs_of_members_are_no_ones_to_start(transactional_db: None, queue: Queue, staff: User) -> None:
    client = signed_in_client(staff)
    assert client.post(START, {"job": "export_posts"}).status_code == 403
    assert client.post(START, {"job": "unheard_of"}).status_code == 404
    assert client.post(START).status_code == 404
    assert client.get(START).status_code == 405


def test_staff_with_view_permission_see_no_form_and_are_refused(transactional_db: None, sweep: type[Job]) -> None:
    client, _user = staff_with()
    assert 'name="job"' not in client.get(LIST).content.decode()
    assert client.post(START, {"job": "sweep"}).status_code == 403
    assert signed_in_client(make_member()).post(START, {"job": "sweep"}).status_code == 302  # to the sign-in
    assert not Task.objects.exists()
