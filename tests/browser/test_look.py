"""Styles that only a browser can check: in print, on touch screens, and while buttons are pressed."""

import re

import pytest
from django.conf import LazySettings
from django.core.mail import EmailMultiAlternatives
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer
from rq import Queue

from accounts.models import User
from core.links import page_url
from core.mail.messages import automatic
from tasks.services.launch import task_launch
from tests.browser.test_history_page import make_archive
from tests.browser.test_pages import sign_in
from tests.members import make_member

OFF_CENTRE = """button => {
    const text = document.createRange();
    text.selectNodeContents(button);
    const [inside, outside] = [text.getBoundingClientRect(), button.getBoundingClientRect()];
    return inside.top - outside.top - (outside.bottom - inside.bottom);
}"""
FINGER = 44  # CSS pixels, the least that WCAG 2.5.5 wants


@pytest.fixture
def susan(live_server: LiveServer, redis_queue: Queue) -> User:
    susan = make_member("susan")
    susan.posts.create(body="On paper")
    make_archive(susan)
    return susan


def left_and_top(page: Page, text: str) -> tuple[float, float]:
    box = page.locator("main").get_by_text(re.compile(f"^{text}$")).bounding_box()
    assert box
    return box["x"], box["y"]


def test_printed_pages_have_no_navigation_or_buttons(
    page: Page, susan: User, live_server: LiveServer, settings: LazySettings
) -> None:
    sign_in(page, susan, live_server, settings)
    page.emulate_media(media="print")
    page.goto(f"{live_server.url}/user/susan/")
    expect(page.get_by_text("On paper")).to_be_visible()
    for unwanted in (".site-header", ".site-footer", "main form", "main .btn"):
        assert page.locator(unwanted).count(), unwanted
        assert not any(part.is_visible() for part in page.locator(unwanted).all()), unwanted


def test_buttons_are_large_enough_for_a_finger(
    browser: Browser, susan: User, live_server: LiveServer, settings: LazySettings
) -> None:
    page = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True).new_page()
    sign_in(page, susan, live_server, settings)
    for path in ("/", "/exports/", "/accounts/profile/", "/user/susan/"):
        page.goto(live_server.url + path)
        for button in page.locator(".btn:visible, .quiet-button:visible, .tabs .nav-item").all():
            box = button.bounding_box()
            assert box
            assert box["height"] >= FINGER, f"{path} {button.inner_text()}"
    for button in page.locator(".btn:visible").all():
        assert abs(button.evaluate(OFF_CENTRE)) <= 2, button.inner_text()
    page.context.close()


def test_pressing_a_button_moves_no_other_button_under_the_pointer(
    page: Page, susan: User, live_server: LiveServer, settings: LazySettings
) -> None:
    page.set_viewport_size({"width": 1280, "height": 1600})  # tall enough for a click to scroll nothing
    sign_in(page, susan, live_server, settings)
    page.goto(f"{live_server.url}/user/susan/")
    idle = left_and_top(page, "Edit"), left_and_top(page, "Download your data")
    task_launch(user=susan, name="export_posts")
    page.goto(f"{live_server.url}/user/susan/")
    expect(page.locator("#export-posts")).to_have_count(0)
    busy = left_and_top(page, "Edit"), left_and_top(page, "Download your data")
    down = busy[0][1] - idle[0][1]  # the alert above moves all of them alike
    assert busy == tuple((left, top + down) for left, top in idle)

    page.goto(f"{live_server.url}/exports/")
    closed = left_and_top(page, "Download"), left_and_top(page, "More")
    page.get_by_text("More", exact=True).click()
    expect(page.get_by_text("Downloaded 0 times.")).to_be_visible()
    assert (left_and_top(page, "Download"), left_and_top(page, "More")) == closed


def test_no_address_in_an_email_is_wider_than_a_phone(page: Page, live_server: LiveServer) -> None:
    email = automatic(
        EmailMultiAlternatives("Subject", f"Change it now:\n{page_url('account_change_password')}?{'x' * 80}")
    )
    page.set_viewport_size({"width": 390, "height": 700})
    page.set_content(str(email.alternatives[0][0]))
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
