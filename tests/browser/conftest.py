"""A browser on the real site: `page` fails its test when the site's own policy blocks something."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import ConsoleMessage, Page, expect

from tests.mail_server import MailServer
from tests.running_site import RunningSite

# The time of a step that waits for a poll (2 s while something is active, 10 s otherwise); milliseconds.
PATIENCE = 60_000
expect.set_options(timeout=PATIENCE)


def in_ci(*values: Any) -> list[Any]:
    """Return parameters with which a test runs in CI alone."""
    return [pytest.param(value, marks=pytest.mark.long) for value in values]


LOOKS = [("dark", 320), *in_ci(("dark", 1280), ("light", 320), ("light", 1280))]
"""Colour schemes and widths: the one that shows most faults, and those that CI looks at too."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark all tests here, and keep them on one of xdist's workers: two browsers would starve each other."""
    for item in items:
        if "tests/browser/" in item.nodeid:
            item.add_marker(pytest.mark.browser)


@pytest.fixture
def page(page: Page) -> Iterator[Page]:
    """The browser's page; whatever the Content-Security-Policy blocked, or a script threw, fails the test."""
    complaints: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        if message.type == "error" and "Content Security Policy" in message.text:
            complaints.append(message.text)

    page.on("console", listen)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.set_default_timeout(PATIENCE)
    yield page
    assert complaints == []


@pytest.fixture
def site(start_site: Callable[..., RunningSite], smtp_server: MailServer) -> RunningSite:
    """The site as `make run` starts it, which sends its mail to `smtp_server`."""
    return start_site(EMAIL_URL=smtp_server.url).wait_until_up()


def link_in(text: str) -> str:
    """Return the first address in a mail."""
    found = re.search(r"https?://\S+", text)
    assert found, text
    return found.group()
