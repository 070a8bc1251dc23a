"""The site without JavaScript."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from exports.models import Archive
from tests.members import PASSWORD, make_member


@pytest.fixture
def plain_page(browser: Browser, live_server: LiveServer) -> Page:
    make_member("susan")
    return browser.new_context(java_script_enabled=False).new_page()


def sign_in(page: Page, live_server: LiveServer) -> None:
    page.goto(f"{live_server.url}/accounts/login/")
    page.fill("[name=login]", "susan")
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")


def test_writing_exporting_and_dismissing_work_without_javascript(
    plain_page: Page, live_server: LiveServer, run_worker: Callable[[], None]
) -> None:
    sign_in(plain_page, live_server)
    plain_page.fill("textarea", "No script here.")
    plain_page.click("#publish")
    expect(plain_page.locator(".written").first).to_have_text("No script here.")
    plain_page.goto(f"{live_server.url}/user/susan/")
    plain_page.click("#export-posts")
    alert = plain_page.locator(".task-alert")
    expect(alert).to_contain_text("waiting for a worker")
    run_worker()
    plain_page.reload()
    expect(alert).to_contain_text("1 post")
    assert Archive.objects.count() == 1
    alert.get_by_role("button", name="Dismiss").click()
    expect(alert).to_have_count(0)
