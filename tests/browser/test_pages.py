"""Every page: no accessibility violation, nothing wider than the screen; light and dark, phone and desktop, languages.

`make audit` does more of it.
"""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import LazySettings
from django.test import Client
from playwright.sync_api import Browser, Page
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from inbox.models import Message
from tasks.models import Task
from tests.alert_states import show_alerts
from tests.browser.conftest import in_ci
from tests.members import make_member

PUBLIC = [
    "/explore/",
    "/accounts/login/",
    "/accounts/signup/",
    "/accounts/password/reset/",
    "/user/susan/",
    "/search/",
    "/nowhere/",
]
PRIVATE = [
    "/",
    "/explore/",
    "/user/susan/",
    "/user/john/",
    "/exports/",
    "/imports/",
    "/accounts/profile/",
    "/accounts/tokens/",
    "/api/v1/docs",
    "/accounts/email/",
    "/accounts/password/change/",
    "/accounts/delete/",
    "/messages/",
    "/messages/john/",
    "/search/?q=post",
    "/explore/?before=nonsense",
]
LOOKS = [("dark", 320, "es"), *in_ci(("light", 1440, "en"), ("light", 320, "en-XA"), ("dark", 1440, "ar-XB"))]


@pytest.fixture
def susan(live_server: LiveServer) -> User:
    susan, john = make_member("susan", about_me="Écrit peu, lit beaucoup. 📚"), make_member("john")
    for author in (susan, john):
        for number in range(30):
            author.posts.create(body=f"Post {number}: wordwithoutanyspace{'x' * 100}\n<b>&amp;</b> שלום")
    for status in ("failed", "cancelled", "succeeded"):
        progress = 100 if status == "succeeded" else 17
        Task.objects.create(user=susan, name="export_posts", description="Exporting", status=status, progress=progress)
    show_alerts(susan)
    Message.objects.create(sender=john, recipient=susan, body="Hello")
    return susan


@pytest.fixture(params=LOOKS, ids=lambda look: "-".join(map(str, look)))
def screen(
    request: pytest.FixtureRequest, browser: Browser, live_server: LiveServer, pseudo_locales: None
) -> Iterator[Page]:
    """A page in one of the looks; what the site's policy blocks fails the test."""
    scheme, width, locale = request.param
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900}, locale=locale)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if "Security Policy" in message.text else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert complaints == []


def sign_in(page: Page, user: User, live_server: LiveServer, settings: LazySettings) -> None:
    client = Client()
    client.force_login(user)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}])


def faults(page: Page, address: str) -> list[str]:
    """Return what is wrong with the page, in words."""
    page.goto(address)
    found = [f"{item['id']}: {item['nodes'][0]['html'][:200]}" for item in Axe().run(page).response["violations"]]
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return [f"{address} {fault}" for fault in [*found, *([f"{wide} px too wide"] if wide > 0 else [])]]


def test_public_pages_are_accessible_and_fit(screen: Page, susan: User, live_server: LiveServer) -> None:
    assert [fault for path in PUBLIC for fault in faults(screen, live_server.url + path)] == []


def test_members_pages_are_accessible_and_fit(
    screen: Page, susan: User, live_server: LiveServer, settings: LazySettings
) -> None:
    sign_in(screen, susan, live_server, settings)
    assert [fault for path in PRIVATE for fault in faults(screen, live_server.url + path)] == []
