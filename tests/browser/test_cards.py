"""The card on a member's name: by pointer, keyboard and finger, never in the way, always inside the window."""

from collections.abc import Iterator

import pytest
from django.conf import LazySettings
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Follow, User
from tests.browser.conftest import in_ci
from tests.members import make_member

NAMES = "a[data-card]"


@pytest.fixture
def susan(live_server: LiveServer) -> User:
    susan = make_member("susan")
    john = make_member("john", about_me="Reads a lot, writes little, and rather in the evening than at noon.")
    for number in range(12):
        john.posts.create(body=f"Post {number}")
    return susan


@pytest.fixture
def phone(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 320, "height": 640}, has_touch=True)
    yield context
    context.close()


def sign_in(page: Page, user: User, live_server: LiveServer, settings: LazySettings) -> None:
    client = Client()
    client.force_login(user)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}])


def assert_well_placed(page: Page, name: Locator) -> None:
    """The card is inside the window, and the name is not under it."""
    card, link = page.locator(".member-card").bounding_box(), name.bounding_box()
    width = page.evaluate("document.documentElement.clientWidth")
    assert card
    assert link
    assert card["x"] >= 0
    assert card["x"] + card["width"] <= width
    assert card["y"] >= link["y"] + link["height"] or card["y"] + card["height"] <= link["y"]
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_card_opens_on_hover_and_can_follow_in_place(
    page: Page, susan: User, live_server: LiveServer, settings: LazySettings
) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.url.endswith("/card/") else None)
    sign_in(page, susan, live_server, settings)
    page.goto(f"{live_server.url}/user/john/")
    card, name = page.locator(".member-card"), page.locator(NAMES).first
    name.hover()
    expect(card).to_contain_text("Reads a lot")
    assert_well_placed(page, name)
    card.get_by_text("0 followers").hover()  # it stays while the pointer is on it
    card.get_by_role("button", name="Follow").click()
    expect(card.get_by_role("button", name="Unfollow")).to_be_focused()
    expect(card).to_contain_text("1 follower")
    expect(page.locator("#profile #unfollow")).to_be_visible()  # and so does the page's own button
    assert Follow.objects.filter(follower=susan).count() == 1
    page.mouse.move(0, 0)
    expect(card).to_have_count(0)
    asked.clear()
    page.locator(NAMES).nth(1).hover()
    expect(card).to_contain_text("1 follower")
    assert asked == []  # loaded once for the page, and once more when it had changed
    page.keyboard.press("Escape")
    expect(card).to_have_count(0)
    page.locator(NAMES).nth(1).click()
    expect(page).to_have_url(f"{live_server.url}/user/john/")


@pytest.mark.long
def test_a_card_opens_on_focus_and_is_reached_with_tab(
    page: Page, susan: User, live_server: LiveServer, settings: LazySettings
) -> None:
    sign_in(page, susan, live_server, settings)
    page.goto(f"{live_server.url}/explore/")
    card, name = page.locator(".member-card"), page.locator(NAMES).first
    name.focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    expect(card).to_contain_text("Reads a lot")
    for _ in range(card.locator("a, button").count()):
        page.keyboard.press("Tab")
    expect(card.get_by_role("button", name="Follow")).to_be_focused()
    page.keyboard.press("Escape")
    expect(card).to_have_count(0)
    expect(name).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    expect(card).to_be_visible()
    page.keyboard.press("Shift+Tab")
    expect(card).to_have_count(0)


@pytest.mark.parametrize("direction", ["ltr", *in_ci("rtl")])
def test_the_first_tap_opens_a_card_and_the_second_follows_the_link(
    phone: BrowserContext, susan: User, live_server: LiveServer, direction: str
) -> None:
    page = phone.new_page()
    page.add_init_script(
        f"new MutationObserver((_, me) => {{ document.documentElement.dir = '{direction}'; }})"
        ".observe(document, { childList: true })"
    )
    page.goto(f"{live_server.url}/explore/")
    assert page.evaluate("document.dir") == direction
    card = page.locator(".member-card")
    for name in (page.locator(NAMES).first, page.locator(NAMES).last):
        name.tap()
        expect(card).to_contain_text("Reads a lot")
        assert_well_placed(page, name)
    page.locator("h1").tap()
    expect(card).to_have_count(0)
    name.tap()
    expect(card).to_be_visible()
    assert page.url.endswith("/explore/")
    name.tap()
    expect(page).to_have_url(f"{live_server.url}/user/john/")


@pytest.mark.long
def test_a_name_without_a_card_is_a_plain_link(phone: BrowserContext, susan: User, live_server: LiveServer) -> None:
    page = phone.new_page()
    page.goto(f"{live_server.url}/explore/")
    page.route("**/card/", lambda route: route.abort())
    page.locator(NAMES).first.tap()
    expect(page).to_have_url(f"{live_server.url}/user/john/")
