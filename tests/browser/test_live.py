"""Alerts that live: nothing here reloads the page. The main path runs everywhere, the finer points in CI alone."""

import re
from collections.abc import Iterator
from datetime import timedelta
from subprocess import Popen
from typing import Self

import django_rq
import pytest
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from tasks.models import Task, TaskStatus
from tasks.models.failure import Failure, FailureCode
from tasks.services.attempts import attempt_worker_lost
from tasks.services.launch import task_launch
from tasks.services.transitions import task_beat, task_cancel, task_claim, task_fail, task_succeed
from tests.browser.conftest import in_ci
from tests.members import PASSWORD, make_member
from tests.waiting import wait_until

ALERT = ".task-alert"


@pytest.fixture
def susan(live_server: LiveServer) -> User:
    return make_member("susan")


@pytest.fixture(autouse=True)
def _queue(live_server: LiveServer) -> Iterator[None]:
    yield
    django_rq.get_queue("default").empty()


@pytest.fixture
def susans_page(page: Page, susan: User, live_server: LiveServer, settings: LazySettings) -> Page:
    page.context.add_cookies([session_of(susan, live_server, settings)])  # type: ignore[list-item]
    page.goto(f"{live_server.url}/explore/")
    page.evaluate("window.notReloaded = true")
    return page


def session_of(user: User, live_server: LiveServer, settings: LazySettings) -> dict[str, str]:
    client = Client()
    client.force_login(user)
    name = settings.SESSION_COOKIE_NAME
    return {"name": name, "value": client.cookies[name].value, "url": live_server.url}


def claimed(task: Task) -> Task:
    running = task_claim(task_id=str(task.pk), worker="w1")
    assert running
    return running


def look_again(page: Page) -> None:
    """Come back to the tab: it polls at once, instead of after the ten seconds of an idle page."""
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def not_reloaded(page: Page) -> bool:
    return bool(page.evaluate("window.notReloaded === true"))


def test_a_task_started_elsewhere_appears_and_is_followed_to_its_end(susans_page: Page, susan: User) -> None:
    task = task_launch(user=susan, name="export_posts")
    look_again(susans_page)
    expect(susans_page.locator(ALERT)).to_contain_text("waiting for a worker")
    running = claimed(task)
    expect(susans_page.locator(ALERT)).to_have_attribute("data-status", "running")
    task_beat(running, done=420_000, total=1_000_000)
    expect(susans_page.locator(f'[id="{task.pk}-progress"]')).to_have_text("42")
    expect(susans_page.locator(ALERT)).to_contain_text("420,000 of 1,000,000 posts")
    expect(susans_page.locator(f"{ALERT} progress")).to_have_attribute("value", "42")
    Task.objects.filter(pk=task.pk).update(started_at=timezone.now() - timedelta(seconds=42))
    task_beat(running, done=420_000, total=1_000_000)
    expect(susans_page.locator(ALERT)).to_contain_text("about 1 minute left")
    task_beat(running, done=1_000_000, total=1_000_000)
    expect(susans_page.locator(ALERT)).to_contain_text("packing and storing the file")
    task_succeed(running, done=1_000_000)
    expect(susans_page.locator(f'[id="{task.pk}-progress"]')).to_have_text("100")
    expect(susans_page.locator("#announcer")).not_to_be_empty()
    assert not_reloaded(susans_page)


@pytest.mark.long
def test_numbers_keep_the_servers_format(susans_page: Page, susan: User, live_server: LiveServer) -> None:
    User.objects.filter(pk=susan.pk).update(language="es")
    running = claimed(task_launch(user=susan, name="export_posts"))
    for done, words in ((1_234, "1\u00a0234 de 5\u00a0000"), (2_345, "2\u00a0345 de 5\u00a0000")):
        task_beat(running, done=done, total=5_000)
        if done == 1_234:
            susans_page.goto(f"{live_server.url}/explore/")
        expect(susans_page.locator("[data-phase]")).to_contain_text(words)


def half_done(seconds: int) -> Task:
    """Another member's task, which has so many seconds still to go."""
    began, now = timezone.now() - timedelta(seconds=seconds), timezone.now()
    about = {"name": "export_posts", "status": "running", "progress": 50, "started_at": began, "heartbeat_at": now}
    return Task.objects.create(user=make_member(), **about)


@pytest.mark.long
def test_a_new_queue_position_is_shown_without_fetching_the_page(susans_page: Page, susan: User) -> None:
    ahead = [half_done(seconds=200) for _ in range(2)]
    task_launch(user=susan, name="export_posts")
    look_again(susans_page)
    alert = susans_page.locator(ALERT)
    expect(alert).to_contain_text("2 jobs ahead of yours, about 4 minutes")
    fetched: list[str] = []
    susans_page.on("request", lambda request: fetched.append(request.url))
    task_cancel(ahead[0])
    expect(alert).to_contain_text("1 job ahead of yours, about 4 minutes", timeout=30_000)
    assert {url.partition("?")[0].rpartition("/notifications")[1] for url in fetched} == {"/notifications"}


def test_a_failed_export_shows_why_and_can_be_retried(susans_page: Page, susan: User) -> None:
    running = claimed(task_launch(user=susan, name="export_posts"))
    task_beat(running, done=1, total=2)
    task_fail(Task.objects.claimed_as(running), running, failure=Failure(FailureCode.NO_SPACE))
    look_again(susans_page)
    alert = susans_page.locator(ALERT)
    expect(alert).to_have_class("alert task-alert alert-danger")
    expect(alert).to_contain_text("enough disk space")
    expect(alert).not_to_contain_text("100")
    alert.get_by_role("button", name="Retry").click()
    expect(susans_page.locator(ALERT)).to_have_attribute("data-status", "queued")
    assert list(Task.objects.order_by("created_at").values_list("status", flat=True)) == ["failed", "queued"]


def test_cancelling_stops_the_export_and_says_so(susans_page: Page, susan: User) -> None:
    task = task_launch(user=susan, name="export_posts")
    look_again(susans_page)
    susans_page.locator(ALERT).get_by_role("button", name="Cancel").click()
    expect(susans_page.locator(ALERT)).to_have_attribute("data-status", "cancelled")
    task.refresh_from_db()
    assert task.status == TaskStatus.CANCELLED


def test_dismissing_keeps_a_draft_and_reaches_the_other_tab(
    susans_page: Page, susan: User, live_server: LiveServer
) -> None:
    task_cancel(task_launch(user=susan, name="export_posts"))
    other = susans_page.context.new_page()
    other.goto(f"{live_server.url}/explore/")
    susans_page.goto(live_server.url)
    susans_page.fill("textarea", "half a thou")
    susans_page.locator(ALERT).get_by_role("button", name="Dismiss").click()
    for tab in (susans_page, other):
        tab.bring_to_front()
        look_again(tab)
        expect(tab.locator(ALERT)).to_have_count(0)
    expect(susans_page.locator("textarea")).to_have_value("half a thou")


@pytest.mark.long
def test_the_export_button_disappears_while_an_export_runs(
    susans_page: Page, susan: User, live_server: LiveServer
) -> None:
    susans_page.goto(f"{live_server.url}/user/susan/")
    button = susans_page.locator("#export-posts")
    expect(button).to_be_visible()
    task = task_launch(user=susan, name="export_posts")
    look_again(susans_page)
    expect(button).to_have_count(0)
    task_cancel(task)
    expect(button).to_be_visible()


def test_an_export_starts_without_leaving_the_page(susans_page: Page, susan: User, live_server: LiveServer) -> None:
    susans_page.goto(f"{live_server.url}/exports/")
    susans_page.evaluate("window.notReloaded = true")
    susans_page.locator("#export-archive").dblclick()
    card = susans_page.locator("#export-kinds [data-status]")
    expect(card).to_have_attribute("data-status", "queued")
    expect(susans_page.locator("#announcer")).to_contain_text("Exporting")
    expect(susans_page.locator(ALERT)).to_have_count(0)
    assert not_reloaded(susans_page)
    assert susan.tasks.count() == 1
    claimed(susan.tasks.get())  # the page polls as often as a waiting one
    expect(card).to_have_attribute("data-status", "running", timeout=4_000)


def test_a_refused_start_says_why(susans_page: Page, susan: User, live_server: LiveServer) -> None:
    susans_page.goto(f"{live_server.url}/exports/")
    task_launch(user=susan, name="export_posts")
    susans_page.locator("#export-posts").click()
    expect(susans_page.locator("body")).to_contain_text("An export task is currently in progress")


def test_a_member_signed_out_elsewhere_can_sign_in_again(susans_page: Page, live_server: LiveServer) -> None:
    susans_page.goto(f"{live_server.url}/exports/")
    susans_page.context.clear_cookies(name="sessionid")
    susans_page.locator("#export-archive").click()
    susans_page.wait_for_url("**/accounts/login/?next=/exports/")


@pytest.mark.long
def test_two_members_exports_never_touch_each_others_alerts(
    susans_page: Page, susan: User, browser: Browser, live_server: LiveServer, settings: LazySettings
) -> None:
    john = make_member("john")
    context = browser.new_context()
    context.add_cookies([session_of(john, live_server, settings)])  # type: ignore[list-item]
    johns_page = context.new_page()
    johns_page.goto(f"{live_server.url}/explore/")
    tasks = {owner: claimed(task_launch(user=owner, name="export_posts")) for owner in (susan, john)}
    task_beat(tasks[susan], done=1, total=10)
    task_beat(tasks[john], done=7, total=10)
    for page, owner, percent in ((susans_page, susan, "10"), (johns_page, john, "70")):
        look_again(page)
        expect(page.locator(ALERT)).to_have_count(1)
        expect(page.locator(f'[id="{tasks[owner].pk}-progress"]')).to_have_text(percent)
    context.close()


def test_a_real_export_shows_intermediate_percentages(
    susans_page: Page, susan: User, worker_process: "Popen[bytes]"
) -> None:
    task = task_launch(user=susan, name="example", params={"seconds": 8})
    look_again(susans_page)
    percentage = susans_page.locator(f'[id="{task.pk}-progress"]')
    seen: list[int] = []

    def is_complete() -> bool:
        seen.append(int(percentage.inner_text()))
        return seen[-1] == 100

    wait_until(is_complete)
    assert seen == sorted(seen)
    assert any(0 < value < 100 for value in seen)
    assert not_reloaded(susans_page)


HIDE = "Object.defineProperty(document, 'hidden', {{value: {}, configurable: true}});"


def turn_away(page: Page, *, hidden: bool) -> None:
    page.evaluate(HIDE.format(str(hidden).lower()))
    look_again(page)


@pytest.mark.long
def test_a_hidden_tab_polls_once_a_minute_and_tells_progress_and_end_in_its_title(
    susans_page: Page, susan: User
) -> None:
    task = claimed(task_launch(user=susan, name="export_posts"))
    with Polls(susans_page) as polls:
        turn_away(susans_page, hidden=True)
        task_beat(task, done=33, total=100)
        assert polls.after(59) == 0
        assert polls.after(2) == 1
        polls.let_through()
        expect(susans_page).to_have_title("33 % · Explore · Microblog")
        task_succeed(task, done=100)
        assert polls.after(61) == 1
        polls.let_through()
        expect(susans_page).to_have_title("Ready · Explore · Microblog")
        expect(susans_page.locator(ALERT)).to_have_attribute("data-status", "running")  # nothing is fetched for nobody
        turn_away(susans_page, hidden=False)
        assert polls.after(0) == 1
        polls.let_through()
    expect(susans_page.locator(ALERT)).to_have_attribute("data-status", "succeeded")
    expect(susans_page).to_have_title("Explore · Microblog")


class Polls:
    """A context manager: the page's own clock stands still, and its polls are kept until they are let through."""

    def __init__(self, page: Page) -> None:
        self.held: list[Route] = []
        self._page = page

    def __enter__(self) -> Self:
        self._page.clock.install()
        self._page.reload()
        self._page.clock.pause_at(timezone.now() + timedelta(seconds=1))
        self._page.route("**/notifications/?since=*", lambda route: self.held.append(route))  # noqa: PLW0108 - it marks it
        return self

    def __exit__(self, *_error: object) -> None:
        self._page.unroute("**/notifications/?since=*")

    def after(self, seconds: float) -> int:
        """Return how many polls there are so many seconds later."""
        self._page.clock.run_for(round(seconds * 1000))
        self._round_trip()
        return len(self.held)

    def let_through(self) -> None:
        with self._page.expect_response(lambda response: "since=" in response.url) as answer:
            self.held.pop().continue_()
        answer.value.finished()
        self._round_trip()

    def _round_trip(self) -> None:
        """Return when whatever the page has asked for is known here, and it has read what it was answered."""
        self._page.evaluate("fetch('/healthz').then((answer) => answer.text())")


@pytest.mark.long
def test_members_far_back_in_the_queue_poll_less_often(susans_page: Page, susan: User) -> None:
    half_done(seconds=30)
    task_launch(user=susan, name="export_posts")
    with Polls(susans_page) as polls:
        assert polls.after(4) == 0
        assert polls.after(3) == 1


@pytest.mark.long
def test_the_next_in_the_queue_polls_every_two_seconds(susans_page: Page, susan: User) -> None:
    task_launch(user=susan, name="export_posts")
    with Polls(susans_page) as polls:
        assert polls.after(2) == 1


@pytest.mark.long
def test_a_slow_server_is_polled_less_often(susans_page: Page, susan: User) -> None:
    task_launch(user=susan, name="export_posts")
    with Polls(susans_page) as polls:
        assert polls.after(2) == 1
        assert polls.after(5) == 1
        polls.let_through()
        assert polls.after(4) == 0
        assert polls.after(3) == 1


STALE = "#stale"


def test_an_expired_session_is_announced_once_and_the_page_recovers(
    susans_page: Page, susan: User, live_server: LiveServer, settings: LazySettings
) -> None:
    task = claimed(task_launch(user=susan, name="export_posts"))
    task_beat(task, done=33, total=100)
    look_again(susans_page)
    expect(susans_page).to_have_title("33 % · Explore · Microblog")
    susans_page.context.clear_cookies()
    with susans_page.expect_response(lambda response: "since=" in response.url) as refusal:
        pass
    assert refusal.value.status == 403
    expect(susans_page.locator(STALE)).to_contain_text(
        re.compile(r"signed out.*Not updated since \d+:\d\d\s[AP]M", re.DOTALL)
    )
    expect(susans_page).to_have_title("Explore · Microblog")
    sign_in = susans_page.locator(STALE).get_by_role("link", name="Sign in")
    expect(sign_in).to_have_attribute("href", "/accounts/login/?next=%2Fexplore%2F")
    assert susans_page.locator(STALE).get_attribute("role") == "status"
    susans_page.context.add_cookies([session_of(susan, live_server, settings)])  # type: ignore[list-item]
    look_again(susans_page)
    expect(susans_page.locator(STALE)).to_be_empty()
    assert not_reloaded(susans_page)


@pytest.mark.long
def test_a_page_shows_and_does_nothing_for_another_member_who_signed_in(
    susans_page: Page, susan: User, live_server: LiveServer, settings: LazySettings
) -> None:
    susans_page.goto(f"{live_server.url}/exports/")
    john = make_member("john")
    task_launch(user=john, name="export_archive")
    susans_page.context.add_cookies([session_of(john, live_server, settings)])  # type: ignore[list-item]
    susans_page.locator("#export-posts").click()
    expect(susans_page.locator(STALE)).to_contain_text("Someone else has signed in")
    expect(susans_page.locator(STALE)).to_contain_text("susan")
    expect(susans_page.locator("[data-status]")).to_have_count(0)
    assert not john.tasks.filter(name="export_posts").exists()
    susans_page.locator(STALE).get_by_role("link", name="Reload").click()
    expect(susans_page.locator("#export-kinds [data-status]")).to_have_attribute("data-status", "queued")


@pytest.mark.long
def test_a_button_works_after_signing_in_again_in_another_tab(
    susans_page: Page, susan: User, live_server: LiveServer, settings: LazySettings
) -> None:
    susans_page.goto(f"{live_server.url}/exports/")
    susans_page.context.clear_cookies()
    other = susans_page.context.new_page()
    other.goto(f"{live_server.url}/accounts/login/")
    other.fill("[name=login]", "susan")
    other.fill("[name=password]", PASSWORD)
    other.press("[name=password]", "Enter")
    other.wait_for_url(f"{live_server.url}/")
    susans_page.locator("#export-posts").click()
    expect(susans_page.locator("#export-kinds [data-status], .task-alert")).to_have_attribute("data-status", "queued")


BETWEEN = {
    "abort": lambda route: route.abort(),
    "500": lambda route: route.fulfill(status=500, body="broken"),
    "portal": lambda route: route.fulfill(status=200, content_type="text/html", body="<h1>Welcome to our Wi-Fi</h1>"),
    "proxy": lambda route: route.fulfill(status=403, content_type="text/html", body="<h1>Blocked</h1>"),
}


@pytest.mark.parametrize("fault", ["portal", *in_ci("abort", "500", "proxy")])
def test_failing_polls_are_announced_slow_down_and_recover(susans_page: Page, susan: User, fault: str) -> None:
    susans_page.clock.install()
    susans_page.reload()
    polls: list[str] = []
    susans_page.on("request", lambda request: polls.append(request.url) if "since=" in request.url else None)
    susans_page.route("**/notifications/?since=*", BETWEEN[fault])
    task = task_launch(user=susan, name="export_posts")
    for _ in range(30):
        susans_page.clock.run_for(10_000)
    assert 3 <= len(polls) <= 10  # 30 without the growing pauses
    expect(susans_page.locator(STALE)).to_contain_text(
        re.compile("can't update this page.*Not updated since.*Reload", re.DOTALL)
    )
    susans_page.unroute("**/notifications/?since=*")

    def has_come() -> bool:
        susans_page.clock.run_for(10_000)
        return susans_page.locator(f"#task-{task.pk}").is_visible()

    wait_until(has_come)
    expect(susans_page.locator(STALE)).to_be_empty()


def test_progress_that_drops_after_a_crash_is_explained(susans_page: Page, susan: User) -> None:
    task = claimed(task_launch(user=susan, name="export_posts"))
    task_beat(task, done=38, total=100)
    look_again(susans_page)
    expect(susans_page.locator(f'[id="{task.pk}-progress"]')).to_have_text("38")
    attempt_worker_lost(Task.objects.claimed_as(task), task)
    claimed(task)  # between two polls: the status is the same again
    expect(susans_page.locator(f'[id="{task.pk}-progress"]')).to_have_text("0")
    expect(susans_page.locator(ALERT)).to_contain_text("A worker stopped, so we're starting again: attempt 2.")
    expect(susans_page.locator("#announcer")).to_contain_text("attempt 2")
    assert not_reloaded(susans_page)


@pytest.mark.long
def test_the_pause_between_two_exports_ends_without_a_reload(
    susans_page: Page, susan: User, live_server: LiveServer, settings: LazySettings
) -> None:
    settings.EXPORT_COOLDOWN = 4
    susans_page.goto(f"{live_server.url}/user/susan/")
    susans_page.evaluate("window.notReloaded = true")
    task_succeed(claimed(task_launch(user=susan, name="export_posts")), done=3)
    look_again(susans_page)
    expect(susans_page.locator("#profile-export")).to_contain_text("You can start this again")
    expect(susans_page.locator("#export-posts")).to_be_visible()
    assert not_reloaded(susans_page)


def test_a_pressed_button_looks_busy_until_the_response(
    susans_page: Page, susan: User, live_server: LiveServer
) -> None:
    susans_page.goto(f"{live_server.url}/exports/")
    held: list[Route] = []
    susans_page.route("**/exports/", lambda route: held.append(route), times=1)  # noqa: PLW0108 - it marks it
    button = susans_page.locator("#export-posts")
    button.click()
    expect(button).to_have_attribute("aria-busy", "true")
    wait_until(lambda: held)
    held[0].continue_()
    expect(susans_page.locator("#export-kinds [data-status]")).to_have_attribute("data-status", "queued")


@pytest.mark.long
def test_a_button_pressed_offline_shows_an_error_and_keeps_the_page(susans_page: Page, susan: User) -> None:
    task = task_launch(user=susan, name="export_posts")
    look_again(susans_page)
    cancel = susans_page.locator(ALERT).get_by_role("button", name="Cancel: Posts only (JSON)")
    expect(cancel).to_be_visible()
    susans_page.context.set_offline(True)
    cancel.click()
    expect(susans_page.locator(STALE)).to_contain_text("can't update this page")
    susans_page.context.set_offline(False)
    expect(susans_page.locator(STALE)).to_be_empty()
    assert not_reloaded(susans_page)
    task.refresh_from_db()
    assert task.status == TaskStatus.QUEUED


@pytest.mark.long
def test_several_alerts_stay_open_until_they_are_dismissed(susans_page: Page, susan: User) -> None:
    tasks = [claimed(task_launch(user=susan, name=name)) for name in ("export_posts", "export_archive")]
    look_again(susans_page)
    fold = susans_page.locator("#alerts-fold")
    fold.locator("summary").click()
    task_succeed(tasks[0], done=3)
    expect(susans_page.locator(f"#task-{tasks[0].pk}")).to_have_attribute("data-status", "succeeded")
    expect(fold).to_have_attribute("open", "")
    susans_page.locator(ALERT).get_by_role("button", name="Dismiss: Posts only (JSON)").click()
    expect(susans_page.locator(ALERT)).to_have_count(1)
    expect(fold).to_have_count(0)


@pytest.mark.long
def test_an_update_that_could_not_be_shown_is_fetched_again(susans_page: Page, susan: User) -> None:
    """The poll brings the news of a success, and then the live refresh of the page fails."""
    address = susans_page.url
    susans_page.route(address, lambda route: route.abort())
    task = claimed(task_launch(user=susan, name="export_posts"))
    task_succeed(task, done=3)
    with susans_page.expect_event("requestfailed"):
        look_again(susans_page)
    susans_page.unroute(address)
    look_again(susans_page)
    expect(susans_page.locator(ALERT)).to_have_attribute("data-status", "succeeded")
    assert not_reloaded(susans_page)
