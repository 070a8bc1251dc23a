"""The site without JavaScript, and by keyboard alone."""

from collections.abc import Callable

import pytest
from django.test import Client
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


def test_an_export_by_keyboard_alone(page: Page, live_server: LiveServer, run_worker: Callable[[], None]) -> None:
    make_member("susan")
    sign_in(page, live_server)
    page.goto(f"{live_server.url}/user/susan/")
    tab_to(page, "#export-posts")
    page.keyboard.press("Enter")
    expect(page.locator(".task-alert")).to_have_attribute("data-status", "queued")
    run_worker()
    expect(page.locator(".task-alert")).to_have_attribute("data-status", "succeeded")
    tab_to(page, "[id^=dismiss-]")
    page.keyboard.press("Enter")
    expect(page.locator(".task-alert")).to_have_count(0)


def test_the_first_tab_stop_skips_to_the_content(page: Page, live_server: LiveServer) -> None:
    page.goto(f"{live_server.url}/explore/")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until the focus is there; fail if it never is."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"No Tab leads to {selector}")


def test_csp_and_cookies_are_strict(client: Client, db: None) -> None:
    response = client.get("/accounts/login/")
    policy = response["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
