"""The admin's home: it says whether the site is healthy, and what to do where it is not."""

import re
import subprocess
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rq import Queue

from accounts.models import User
from core.health import CHECKS, Check, failing, ok, warning
from core.periodic import REGULAR
from exports.models import Archive
from operations.templatetags.staff import length_in_words
from tasks.models import Task
from tasks.services.housekeeping import record_housekeeping
from tasks.services.launch import task_launch
from tests.exports.archives import archive_of
from tests.members import make_member, signed_in_client
from tests.waiting import wait_until

WELL = "No problems found."


@pytest.fixture
def admin(staff: User, redis_queue: Queue) -> Client:
    return signed_in_client(staff)


def home(client: Client) -> str:
    response = client.get("/admin/")
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def keep_house(**errors: str) -> None:
    record_housekeeping(worker="w1", errors={part.__name__: errors.get(part.__name__, "") for part in REGULAR})


def test_its_pages_have_the_sites_icon(admin: Client) -> None:
    assert '<link rel="icon" href="/static/favicon' in home(admin)
    assert '<link rel="icon" href="/static/favicon' in admin.get("/admin/tasks/task/").content.decode()


def test_without_a_worker_it_says_so_and_how_to_start_one(admin: Client) -> None:
    text = home(admin)
    assert "No worker is running." in text
    assert "python manage.py rqworker default" in text
    assert WELL not in text


def test_with_a_worker_all_is_well_and_the_page_says_what_it_is_at(
    worker_factory: Callable[..., "subprocess.Popen[bytes]"], staff: User, member: User
) -> None:
    worker_factory()
    client = signed_in_client(staff)
    wait_until(lambda: WELL in (page := home(client)) and "idle" in page, what="All to be well, and the worker idle")
    task = task_launch(user=member, name="example", params={"seconds": 5})
    link = f'<a href="/admin/tasks/task/{task.pk}/change/">example</a>'
    wait_until(lambda: link in home(client), what="The worker at its task")


def test_with_the_queue_server_unavailable_it_says_so_and_tells_the_rest(
    member: User, staff: User, unreachable_queue: None
) -> None:
    Task.objects.create(user=member, name="export_posts", queued_at=timezone.now() - timedelta(minutes=11))
    text = home(signed_in_client(staff))
    assert "The queue server can&#x27;t be reached." in text
    assert "A task has been waiting for 11 minutes." in text or "A task has been waiting for 12 minutes." in text


def test_every_problem_is_shown_with_its_hint_the_worst_first(admin: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CHECKS, "smoke", Check("smoke", lambda: [warning("<b>Smoke</b>", "Open a window."), ok("x")]))
    monkeypatch.setitem(CHECKS, "fire", Check("fire", lambda: [failing("Fire", "Leave the house.")]))
    monkeypatch.setitem(CHECKS, "deep", Check("deep", lambda: [failing("Deep", "Only doctor runs this.")], deep=True))
    text = home(admin)
    problems = text[text.index('class="problems"') : text.index('class="figures"')]
    assert problems.index("Fire") < problems.index("&lt;b&gt;Smoke")
    assert "<strong>Fire</strong> Leave the house." in problems
    assert "Deep" not in problems


def test_the_figures_are_there(admin: Client, member: User) -> None:
    archive = archive_of(member, b"x" * 2048)
    start = timezone.now()
    Task.objects.filter(pk=archive.task_id).update(started_at=start, ended_at=start + timedelta(seconds=75))
    Archive.objects.update(mail_due_at=timezone.now())
    keep_house()
    text = home(admin)
    for words in ("1 min 15 s", "export_posts", "2.0", "emails waiting"):
        assert words in text, words
    assert re.search(r"since the last housekeeping</th><td class=\"number\">\d\.\d s<", text)


def test_it_needs_as_many_queries_for_more_rows(admin: Client) -> None:
    def count_queries() -> int:
        home(admin)
        with CaptureQueriesContext(connection) as queries:
            home(admin)
        return len(queries)

    def fill(count: int) -> None:
        for _ in range(count):
            user = make_member()
            archive_of(user, b"{}", mail_due_at=timezone.now())
            for status in ("queued", "failed"):
                Task.objects.create(user=user, name="export_archive", status=status)
            Task.objects.create(user=user, name="example", status="running", heartbeat_at=timezone.now())

    fill(2)
    with_few = count_queries()
    fill(10)
    assert count_queries() == with_few
    assert with_few < 30


def test_staff_without_permission_for_tasks_see_no_figures(member: User, redis_queue: Queue) -> None:
    User.objects.filter(pk=member.pk).update(is_staff=True)
    assert "Site health" not in home(signed_in_client(member))


def test_it_has_no_style_or_script_inside(admin: Client) -> None:
    text = home(admin)
    panel = text[text.index('class="health"') : text.index('id="content-main"')]
    assert "style=" not in panel
    assert "<script" not in panel


@pytest.mark.parametrize(
    ("length", "words"),
    [(None, "-"), (0.04, "0.0 s"), (9.44, "9.4 s"), (59.2, "59 s"), (75, "1 min 15 s"), (7_800, "2 h 10 min")],
)
def test_lengths_are_said_as_exactly_as_they_matter(length: float | None, words: str) -> None:
    assert length_in_words(length) == words
