"""An export's alert on every page: what it says, what it is called, and when it goes."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from rq import Queue

from accounts.models import User
from exports.models import Archive
from tasks.models import Task
from tasks.services.attempts import attempt_failed, attempt_released, attempt_worker_lost
from tasks.services.cooldown import seconds_to_other_words
from tasks.services.launch import task_launch
from tasks.services.payloads import task_publish
from tasks.services.transitions import task_beat, task_claim
from tests.alert_states import show_alerts
from tests.messages import told

Work = Callable[[], None]


def page_of(client: Client, path: str = "/explore/") -> str:
    return " ".join(client.get(path).content.decode().split())


def alerts_on(client: Client, path: str = "/explore/") -> str:
    return page_of(client, path).split('<section id="alerts"')[1].split("</section>")[0]


def names_in(page: str, element: str) -> list[str]:
    """Return what a screen reader calls the buttons, or links, in that piece of a page."""
    found = re.findall(rf"<{element}\b([^>]*)>(.*?)</{element}>", page)
    labels = [(re.search('aria-label="([^"]*)"', attributes), text) for attributes, text in found]
    return [
        re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", name)).strip()
        for name in (label[1] if label else text for label, text in labels)
    ]


def shown(client: Client, susan: User, status: str, **fields: object) -> str:
    show_alerts(susan, [{"status": status, "progress": 0, **fields}], description="…")
    return alerts_on(client)


@pytest.mark.parametrize(
    ("status", "look"),
    [
        ("queued", "alert-warning"),
        ("running", "alert-primary"),
        ("succeeded", "alert-success"),
        ("failed", "alert-danger"),
        ("cancelled", "alert-secondary"),
    ],
)
def test_its_colour_tells_where_it_stands(signed_in: Client, susan: User, status: str, look: str) -> None:
    page = shown(signed_in, susan, status)
    assert set(re.findall(r"alert-(?:warning|primary|success|danger|secondary)", page)) == {look}


def test_two_finished_exports_read_differently(signed_in: Client, susan: User, work: Work) -> None:
    for name in ("export_posts", "export_archive"):
        task_launch(user=susan, name=name)
        work()
    page = alerts_on(signed_in)
    titles = [name for name in names_in(page, "h2") if name.startswith("Your export is ready")]
    assert titles == ["Your export is ready: Posts only (JSON)", "Your export is ready: Archive"]
    assert page.count("<time ") == 2
    assert len(set(names_in(page, "a"))) == len(set(names_in(page, "button"))) == 2


def test_each_buttons_name_says_of_which_export(signed_in: Client, susan: User, work: Work) -> None:
    task = task_launch(user=susan, name="export_posts")
    assert names_in(alerts_on(signed_in), "button") == ["Cancel: Posts only (JSON)"]
    work()
    page = alerts_on(signed_in)
    moment = f"{timezone.localtime(task.created_at):%Y}"
    assert re.match(rf"Download: Posts only \(JSON\), .*{moment}", names_in(page, "a")[0])
    assert re.match(rf"Dismiss: Posts only \(JSON\), .*{moment}", names_in(page, "button")[0])
    failed = task_launch(user=susan, name="export_posts", by_staff=True)
    Task.objects.filter(pk=failed.pk).update(status="failed")
    task_publish(Task.objects.get(pk=failed.pk))
    assert names_in(alerts_on(signed_in), "button")[0].startswith("Retry: Posts only (JSON), ")


def test_an_alert_of_the_previous_release_is_still_shown(signed_in: Client, susan: User) -> None:
    assert "Export failed: Posts only (JSON)" in shown(signed_in, susan, "failed", error="Old words.")


def test_one_alert_is_shown_as_it_is_and_several_fold_into_one_line(
    signed_in: Client, susan: User, queue: Queue
) -> None:
    task_launch(user=susan, name="export_posts")
    assert "<details" not in alerts_on(signed_in)
    running = task_claim(task_id=str(task_launch(user=susan, name="export_archive").pk), worker="w1")
    assert running
    page = alerts_on(signed_in)
    [summary] = names_in(page, "summary")
    assert summary == "Waiting Posts only (JSON) In progress Archive"
    assert page.split("</summary>")[1].count('role="group"') == 2


def test_alerts_do_not_fold_on_the_exports_page(signed_in: Client, susan: User, queue: Queue) -> None:
    for name in ("export_posts", "export_archive"):
        task_launch(user=susan, name=name)
    assert 'role="group"' not in alerts_on(signed_in, "/exports/")
    assert "<details" not in alerts_on(signed_in, "/exports/")


# --- A progress that falls ---------------------------------------------------------------------------------


def died(task: Task) -> Task | None:
    return attempt_worker_lost(Task.objects.claimed_as(task), task)


def handed_back(task: Task) -> Task | None:
    return attempt_released(Task.objects.claimed_as(task), task)


def raised(task: Task) -> Task | None:
    Task.objects.filter(pk=task.pk).update(failures=0)
    return attempt_failed(task, traceback="…")


@pytest.mark.parametrize(
    ("end", "words"),
    [(died, "A worker stopped"), (handed_back, "The worker was restarted"), (raised, "The last attempt failed")],
)
def test_an_export_that_begins_again_says_why(
    signed_in: Client, susan: User, queue: Queue, end: Callable[[Task], Task | None], words: str
) -> None:
    task = task_claim(task_id=str(task_launch(user=susan, name="export_posts").pk), worker="w1")
    assert task
    task_beat(task, done=38, total=100)
    assert "attempt" not in names_in(alerts_on(signed_in), "span")[0]
    end(task)
    task_claim(task_id=str(task.pk), worker="w2")
    for path in ("/explore/", "/exports/"):
        page = page_of(signed_in, path)
        assert re.search(rf"data-announce>· {words}[^<]*: attempt 2\.", page)
        assert f'id="task-{task.pk}" ' in page
        assert 'data-attempt="2"' in page


def test_one_that_waits_for_its_next_attempt_says_so_too(signed_in: Client, susan: User, queue: Queue) -> None:
    task = task_claim(task_id=str(task_launch(user=susan, name="export_posts").pk), worker="w1")
    assert task
    died(task)
    assert "A worker stopped, so we&#x27;re starting again: attempt 2." in alerts_on(signed_in)


# --- The page one was on -----------------------------------------------------------------------------------


def address(name: str, task: Task) -> str:
    app = "tasks" if name in {"cancel", "retry"} else "exports"
    return reverse(f"{app}:{name}", args=[task.pk])


def test_starting_cancelling_and_retrying_come_back_to_the_page(signed_in: Client, susan: User, queue: Queue) -> None:
    back = {"next": "/search/?q=redis"}
    assert signed_in.post("/exports/", back)["Location"] == back["next"]
    task = Task.objects.get()
    for name in ("cancel", "cancel", "retry", "retry"):  # done, then refused
        assert signed_in.post(address(name, task), back)["Location"] == back["next"]


def test_mailing_again_and_deleting_come_back_to_the_page(signed_in: Client, exported: Archive) -> None:
    back = {"next": "/exports/?page=2"}
    for name in ("mail", "delete"):
        assert signed_in.post(address(name, exported.task), back)["Location"] == back["next"]
        assert signed_in.post(address(name, exported.task))["Location"] == "/exports/"


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "", "http://["])
def test_no_other_site_is_come_back_to(signed_in: Client, susan: User, queue: Queue, back: str) -> None:
    assert signed_in.post("/exports/", {"next": back})["Location"] == susan.get_absolute_url()


def test_the_forms_name_their_page_unless_it_only_answers_a_form(
    signed_in: Client, susan: User, failed: Task, queue: Queue
) -> None:
    task_publish(failed)
    assert 'name="next" value="/search/?q=redis"' in alerts_on(signed_in, "/search/?q=redis")
    for path in ("/exports/", f"/user/{susan.username}/"):
        assert f'name="next" value="{path}"' in page_of(signed_in, path).split("<main")[1]
    answer = signed_in.post("/", {"body": "x" * 500, "next": "/explore/"}).content.decode()
    assert 'value="/"' not in answer.split('<section id="alerts"')[1].split("</section>")[0]


def test_a_message_about_a_click_stays_true_when_the_task_ends(signed_in: Client, susan: User, work: Work) -> None:
    [text] = told(signed_in.post("/exports/"))
    work()
    assert "Your export is ready" in alerts_on(signed_in)
    for contradiction in ("progress", "started", "will be", "when it's ready", "'ll"):
        assert contradiction not in text


# --- A download retires the alert --------------------------------------------------------------------------


def test_a_download_retires_the_alert(signed_in: Client, susan: User, exported: Archive) -> None:
    assert str(exported.task_id) in alerts_on(signed_in)
    signed_in.get(address("download", exported.task))
    assert str(exported.task_id) not in alerts_on(signed_in)
    assert [item["name"] for item in signed_in.get("/notifications/").json()][-1] == "alert_dismissed"


def test_head_range_and_cached_requests_leave_the_alert(signed_in: Client, stranger: Client, exported: Archive) -> None:
    target = address("download", exported.task)
    signed_in.head(target)
    signed_in.get(target, headers={"Range": "bytes=5-"})
    signed_in.get(target, headers={"If-None-Match": f'"{exported.sha256}"'})
    assert stranger.get(target).status_code == 404
    assert str(exported.task_id) in alerts_on(signed_in)


def test_a_second_download_is_one_like_the_first(signed_in: Client, exported: Archive) -> None:
    for _ in range(2):
        assert signed_in.get(address("download", exported.task)).status_code == 200
    exported.refresh_from_db()
    assert exported.download_count == 2


# --- The pause before the next one -------------------------------------------------------------------------


@pytest.mark.parametrize(("left", "expected"), [(0.2, 1), (42, 42), (60, 60), (150, 30), (3700, 100), (7200, 3600)])
def test_the_page_is_refreshed_when_its_words_are_no_longer_true(left: float, expected: int) -> None:
    assert seconds_to_other_words(timezone.now() + timedelta(seconds=left)) == expected


def test_a_page_with_a_pause_says_when_to_look_again(
    signed_in: Client, susan: User, settings: LazySettings, exported: Archive
) -> None:
    settings.EXPORT_COOLDOWN = 600
    for path in ("/exports/", f"/user/{susan.username}/"):
        assert re.search(r'data-refresh-in="\d+"', page_of(signed_in, path))
