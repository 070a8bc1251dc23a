"""The whole tour by keyboard alone, with the focus in sight at every step and never lost."""

from collections.abc import Callable

from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Follow
from inbox.models import Message
from posts.models import Post
from tasks.models import Task, TaskStatus
from tests.members import PASSWORD, make_member

IS_FOCUSED = "(selector) => document.activeElement.matches(selector)"
# A ring or a border that only the focus draws: what the element looks like with it, and without.
RING = """() => {
  const look = (element) => ["outline", "boxShadow", "borderColor", "backgroundColor", "textDecoration"]
    .map((name) => getComputedStyle(element)[name]).join();
  const element = document.activeElement;
  const before = look(element);
  element.blur();
  const after = look(element);
  element.focus({ focusVisible: true });
  return before !== after && element.getBoundingClientRect().height > 0;
}"""


def go_to(page: Page, selector: str, *, key: str = "Tab") -> None:
    """Press Tab until the focus is there, and can be seen there; fail if it never is."""
    for _ in range(60):
        page.keyboard.press(key)
        if page.evaluate(IS_FOCUSED, selector):
            assert page.evaluate(RING), f"The focus on {selector} cannot be seen"
            return
    raise AssertionError(f"No {key} leads to {selector}")


def press(page: Page, key: str = "Enter") -> None:
    """Press a key that leads to another page."""
    with page.expect_navigation():
        page.keyboard.press(key)


def is_lost(page: Page) -> bool:
    return bool(page.evaluate("document.activeElement === document.body"))


def look_again(page: Page) -> None:
    """Come back to the tab: it polls at once."""
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def test_the_tour_by_keyboard(page: Page, live_server: LiveServer) -> None:
    page.emulate_media(reduced_motion="reduce")  # a ring that fades in is half there
    susan, john = make_member("susan"), make_member("john")
    john.posts.create(body="Follow me.")
    page.goto(f"{live_server.url}/accounts/login/")

    go_to(page, "[name=login]")
    page.keyboard.type("susan")
    go_to(page, "[name=password]")
    page.keyboard.type(PASSWORD)
    press(page)

    go_to(page, "textarea")
    page.keyboard.type("Without a mouse.")
    go_to(page, "#publish")
    press(page, "Space")
    expect(page.locator(".written").first).to_have_text("Without a mouse.")
    assert Post.objects.filter(author=susan).count() == 1

    go_to(page, ".site-nav [href='/explore/']", key="Shift+Tab")
    press(page)
    go_to(page, ".post-author[href='/user/john/']")
    press(page)
    go_to(page, "#follow")
    press(page)
    expect(page.locator("#unfollow")).to_be_visible()
    assert Follow.objects.filter(follower=susan, followed=john).exists()

    go_to(page, ".nav-profile", key="Shift+Tab")
    press(page)
    go_to(page, "#export-posts")
    page.keyboard.press("Enter")  # from here on the page stays
    alert = page.locator(".task-alert")
    expect(alert).to_have_attribute("data-status", "queued")
    go_to(page, ".task-alert form[action$='/cancel/'] button")
    page.keyboard.press("Enter")
    expect(alert).to_have_attribute("data-status", "cancelled")
    assert Task.objects.get().status == TaskStatus.CANCELLED

    go_to(page, ".nav-item[href='/messages/']")
    press(page)
    page.goto(f"{live_server.url}/messages/john/")
    go_to(page, "textarea")
    page.keyboard.type("Hello John")
    press(page)
    expect(page.locator(".conversation")).to_contain_text("Hello John")
    assert Message.objects.count() == 1

    go_to(page, ".account-menu summary", key="Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#sign-out")).to_be_visible()
    go_to(page, "#sign-out")
    press(page)
    expect(page.locator("[name=login]")).to_be_visible()


def test_a_live_refresh_keeps_the_keyboard_focus(
    page: Page, live_server: LiveServer, run_worker: Callable[[], None]
) -> None:
    page.emulate_media(reduced_motion="reduce")
    make_member("susan")
    page.goto(f"{live_server.url}/accounts/login/?next=/user/susan/")
    page.fill("[name=login]", "susan")
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    go_to(page, "#export-posts")
    page.keyboard.press("Enter")  # from here on the page stays
    alert = page.locator(".task-alert")
    expect(alert).to_have_attribute("data-status", "queued")
    go_to(page, ".task-alert form[action$='/cancel/'] button")
    run_worker()
    look_again(page)
    expect(alert).to_have_attribute("data-status", "succeeded")  # and there is nothing to cancel any more
    assert page.evaluate(IS_FOCUSED, "#alerts")
    go_to(page, "[id^=dismiss-]")
    page.keyboard.press("Enter")
    expect(alert).to_have_count(0)
    assert not is_lost(page)


def test_the_first_tab_stop_skips_to_the_content(page: Page, live_server: LiveServer) -> None:
    page.goto(f"{live_server.url}/explore/")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
