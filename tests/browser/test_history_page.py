"""The page of exports with every state that it can show: accessible, and whole on the smallest phone."""

from datetime import timedelta
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import LazySettings
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer
from rq import Queue

from accounts.models import User
from exports.models import Archive
from tasks.models import Task
from tasks.services.payloads import queue_places_publish, task_publish
from tasks.services.transitions import task_cancel
from tests.browser.conftest import LOOKS
from tests.browser.test_pages import faults, sign_in
from tests.members import make_member

COUNTS = {"posts": 1_000_000, "follows": 12, "followers": 3000, "skipped": 2}


@pytest.fixture
def susan(live_server: LiveServer, settings: LazySettings, redis_queue: Queue) -> User:
    """A member with an export in each state."""
    settings.EXPORT_COOLDOWN = 600
    susan = make_member("susan")
    make_task(make_member(), "running", progress=99, started_at=timezone.now() - timedelta(seconds=800))
    task_publish(make_task(susan, "queued"))
    make_task(susan, "failed", "export_archive", error="Something went wrong on our side.")
    make_task(susan, "cancelled")
    make_archive(susan, item_counts=COUNTS)
    make_archive(susan, mailed_to="", mail_due_at=timezone.now(), mail_error="no answer")
    make_archive(susan, file="", removal="deleted")
    make_archive(susan, file="", expires_at=timezone.now(), download_count=2)
    return susan


def make_task(user: User, status: str, name: str = "export_posts", **fields: Any) -> Task:
    return Task.objects.create(user=user, name=name, description="Exporting...", status=status, **fields)


def make_archive(user: User, **fields: Any) -> Archive:
    task = make_task(user, "succeeded", "export_archive", progress=100, ended_at=timezone.now())
    usual = {
        "file": "somewhere/archive.zip",
        "filename": "archive.zip",
        "size": 123_456_789,
        "item_counts": {"posts": 1},
        "mailed_to": "susan@example.com",
        "snapshot_at": timezone.now(),
        "expires_at": timezone.now() + timedelta(days=7),
    }
    return Archive.objects.create(task=task, user=user, **(usual | fields))


@pytest.mark.parametrize("look", LOOKS)
def test_every_state_is_accessible_and_fits(
    browser: Browser, susan: User, live_server: LiveServer, settings: LazySettings, look: tuple[Any, int]
) -> None:
    scheme, width = look
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900})
    page = context.new_page()
    sign_in(page, susan, live_server, settings)
    assert faults(page, f"{live_server.url}/exports/") == []
    for text in ("1 job ahead of yours, about 10 seconds", "You can start this again in", "Deleted"):
        expect(page.locator("main")).to_contain_text(text)
    page.evaluate("document.querySelectorAll('main details').forEach((details) => { details.open = true })")
    assert [item["id"] for item in Axe().run(page).response["violations"]] == []
    context.close()


def test_a_file_can_be_deleted_without_javascript(
    browser: Browser, susan: User, live_server: LiveServer, settings: LazySettings
) -> None:
    page = browser.new_context(java_script_enabled=False).new_page()
    sign_in(page, susan, live_server, settings)
    page.goto(f"{live_server.url}/exports/")
    row = page.locator("article").filter(has_text="1,000,000 posts")
    button = row.get_by_role("button", name="Delete the file now")
    for summary in row.locator("summary").all():
        expect(button).to_be_hidden()
        summary.click()
    button.click()
    expect(row.locator("h3")).to_contain_text("Deleted")
    expect(row.locator("details")).to_have_count(1)
    page.context.close()


def test_an_open_page_follows_the_queue_without_a_reload(
    page: Page, susan: User, live_server: LiveServer, settings: LazySettings
) -> None:
    sign_in(page, susan, live_server, settings)
    page.goto(f"{live_server.url}/exports/")
    page.evaluate("window.notReloaded = true")
    task_cancel(Task.objects.get(status="running"))
    queue_places_publish(user=susan)
    expect(page.locator("#export-kinds")).to_contain_text("no worker is available right now")
    expect(page.locator("#announcer")).to_be_empty()
    assert page.evaluate("window.notReloaded")
