"""The form in which a member chooses what an export holds, in a browser."""

import pytest
from django.conf import LazySettings
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer
from rq import Queue

from accounts.models import User
from exports.services import export_start
from tasks.models import Task
from tasks.services.transitions import task_cancel
from tests.browser.conftest import LOOKS
from tests.browser.test_pages import faults, sign_in
from tests.members import make_member

CHOSEN = "/exports/?kind=archive&choose=1&parts=posts&parts=account&first=2026-01-01"


@pytest.fixture
def susan(live_server: LiveServer, redis_queue: Queue) -> User:
    return make_member("susan")


@pytest.mark.parametrize("look", LOOKS)
def test_the_form_is_accessible_and_whole(
    browser: Browser, susan: User, live_server: LiveServer, settings: LazySettings, look: tuple[str, int]
) -> None:
    scheme, width = look
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 800})  # type: ignore[arg-type]
    page = context.new_page()
    sign_in(page, susan, live_server, settings)
    assert faults(page, f"{live_server.url}{CHOSEN}") == []
    expect(page.locator("#choose-archive").get_by_role("status")).to_contain_text("0 posts · about")
    context.close()


def test_what_is_ticked_survives_a_refresh_of_the_page(
    page: Page, susan: User, live_server: LiveServer, settings: LazySettings
) -> None:
    sign_in(page, susan, live_server, settings)
    page.goto(f"{live_server.url}/exports/")
    form = page.locator("#choose-archive")
    form.locator("summary").click()
    messages = form.get_by_label("Messages")
    messages.uncheck()
    task = export_start(user=susan, kind="archive", actor=susan)
    expect(form).to_be_hidden()  # nothing to choose while one is in progress
    task_cancel(task)
    expect(form).to_be_visible()
    expect(messages).not_to_be_checked()


def test_a_selection_is_requested_without_javascript(
    browser: Browser, susan: User, live_server: LiveServer, settings: LazySettings
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_in(page, susan, live_server, settings)
    page.goto(f"{live_server.url}/exports/")
    form = page.locator("#choose-archive")
    form.locator("summary").click()
    form.get_by_label("Messages").uncheck()
    form.get_by_role("button", name="Show its size").click()
    expect(form.get_by_role("status")).not_to_contain_text("messages")
    expect(form.get_by_label("Messages")).not_to_be_checked()
    form.get_by_role("button", name="Request this selection").click()
    expect(page.locator("#state-archive [data-status]")).to_be_visible()
    assert Task.objects.get().params == {"parts": ["posts", "people", "account"]}
    context.close()
