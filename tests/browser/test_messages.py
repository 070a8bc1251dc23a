"""Two members, each in a window of their own, who write to each other. Nothing that comes in reloads a page."""

from collections.abc import Callable, Iterator

import pytest
from django.conf import LazySettings
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from inbox.models import Conversation, Message
from inbox.services import message_send
from tests.browser.test_live import look_again, not_reloaded, session_of
from tests.members import make_member
from tests.waiting import wait_until

Open = Callable[[User, str], Page]


@pytest.fixture
def susan(live_server: LiveServer) -> User:
    return make_member("susan")


@pytest.fixture
def john(live_server: LiveServer) -> User:
    return make_member("john")


@pytest.fixture
def window(browser: Browser, live_server: LiveServer, settings: LazySettings) -> Iterator[Open]:
    """Return a function that opens a member's own window at a path; what a script throws fails the test."""
    contexts = []
    errors: list[str] = []

    def open_window(member: User, path: str) -> Page:
        contexts.append(browser.new_context())
        contexts[-1].add_cookies([session_of(member, live_server, settings)])  # type: ignore[list-item]
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(f"{live_server.url}{path}")
        page.evaluate("window.notReloaded = true")
        return page

    yield open_window
    for context in contexts:
        context.close()
    assert errors == []


def assert_focused(page: Page, element_id: str) -> None:
    """Check where keys go within the page: whether its window has the focus is up to the browser, which has two."""
    wait_until(
        lambda: page.evaluate("document.activeElement.id") == element_id,
        what=f"The focus on {element_id}",
        found=lambda: page.evaluate(
            "[document.activeElement.outerHTML.slice(0, 200), window.left, window.notReloaded]"
        ),
    )


def test_two_members_write_to_each_other_live(susan: User, john: User, window: Open) -> None:
    johns = window(john, "/explore/")
    badge = johns.locator("#unread-messages")
    expect(badge).to_be_empty()
    susans = window(susan, "/user/john/")
    susans.get_by_role("link", name="Message", exact=True).click()
    susans.locator("#id_body").press_sequentially("Hello,")
    susans.locator("#id_body").press("Shift+Enter")
    susans.locator("#id_body").press_sequentially("John!")
    susans.locator("#id_body").press("Enter")
    expect(susans.locator(".message.is-mine .written")).to_have_text("Hello,\nJohn!", use_inner_text=True)
    assert_focused(susans, "id_body")
    assert Message.objects.count() == 1

    look_again(johns)  # the badge on any page, in the title, and said aloud
    expect(badge.get_by_text("1 unread message")).to_be_attached()
    expect(johns).to_have_title("(1) Explore · Microblog")
    expect(johns.locator("#announcer")).to_contain_text("1 unread message")
    assert not_reloaded(johns)
    johns.get_by_role("link", name="Messages 1").click()
    johns.get_by_role("link", name="susan", exact=True).click()
    expect(johns.locator(".message")).to_contain_text("John!")
    expect(badge).to_be_empty()

    susans.close()
    johns.bring_to_front()  # who types has the window in front
    johns.evaluate("window.notReloaded = true")  # an open conversation
    johns.evaluate("addEventListener('focusout', ({ target }) => (window.left = [target.id, new Error().stack]))")
    johns.locator("#id_body").press_sequentially("half a thou")
    message_send(sender=susan, recipient=john, body="Are you there?")
    look_again(johns)
    expect(johns.locator("#newest")).to_contain_text("Are you there?")
    expect(johns.locator("#announcer")).to_contain_text("susan wrote:")
    expect(johns.locator("#announcer")).to_contain_text("Are you there?")
    expect(johns.locator("#id_body")).to_have_value("half a thou")
    assert_focused(johns, "id_body")
    expect(johns.locator("#id_body")).to_be_in_viewport()
    expect(badge).to_be_empty()
    assert not_reloaded(johns)
    assert Conversation.objects.get(member=john).unread == 0


def test_a_refused_message_is_kept_and_a_valid_one_is_sent_once(susan: User, john: User, window: Open) -> None:
    page = window(susan, "/messages/john/")
    field = page.locator("#id_body")
    field.fill("x" * 2001)
    field.press("Enter")
    expect(page.locator("#id_body_error")).to_contain_text("your text has 2001")
    expect(field).to_have_value("x" * 2001)
    assert_focused(page, "id_body")
    page.reload()
    field.fill("x")
    page.goto(page.url)
    expect(field).to_have_value("x")  # the draft
    field.fill("once")
    field.evaluate("field => { field.form.requestSubmit(); field.form.requestSubmit(); }")
    expect(page.locator("#newest")).to_contain_text("once")
    expect(field).to_have_value("")
    assert page.url.endswith("/messages/john/#id_body")
    assert Message.objects.count() == 1


def test_messages_received_in_a_hidden_tab_stay_unread(susan: User, john: User, window: Open) -> None:
    message_send(sender=susan, recipient=john, body="one")
    page = window(john, "/messages/susan/")
    hide = "Object.defineProperty(document, 'hidden', {{value: {}, configurable: true}});"
    page.evaluate(hide.format("true"))
    message_send(sender=susan, recipient=john, body="two")
    look_again(page)
    assert Conversation.objects.get(member=john).unread == 1
    page.evaluate(hide.format("false"))
    look_again(page)
    expect(page.locator("#newest")).to_contain_text("two")
    assert Conversation.objects.get(member=john).unread == 0


def test_an_unread_message_does_not_grow_the_header_on_a_phone(susan: User, john: User, window: Open) -> None:
    page = window(susan, "/explore/")
    page.set_viewport_size({"width": 360, "height": 740})
    header = "document.querySelector('.site-header').offsetHeight"
    before = page.evaluate(header)
    message_send(sender=john, recipient=susan, body="Hello")
    page.reload()
    expect(page.locator("#unread-messages .unread")).to_have_text("1")
    assert page.evaluate(header) == before
