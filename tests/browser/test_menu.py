"""The account menu: it closes as menus do."""

from django.conf import LazySettings
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from tests.browser.test_pages import sign_in


def test_the_menu_closes_on_escape_outside_clicks_and_lost_focus(
    page: Page, member: User, live_server: LiveServer, settings: LazySettings
) -> None:
    sign_in(page, member, live_server, settings)
    page.goto(f"{live_server.url}/explore/")
    summary, items = page.locator(".account-menu summary"), page.locator(".account-menu-items")
    summary.click()
    expect(items).to_be_visible()
    page.keyboard.press("Escape")
    expect(items).to_be_hidden()
    expect(summary).to_be_focused()
    summary.click()
    page.locator("h1").click()
    expect(items).to_be_hidden()
    summary.click()
    page.locator("#sign-out").focus()
    expect(items).to_be_visible()
    page.keyboard.press("Tab")
    expect(items).to_be_hidden()
