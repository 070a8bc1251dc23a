"""The site as `make run` starts it, in a folder of its own that is gone afterwards, and its member in a browser."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, Playwright

from tests.browser_options import ARGUMENTS, find_chromium
from tests.mail_server import free_port
from tests.running_site import RunningSite

ROOT = Path(__file__).resolve().parent.parent
DEMO, PASSWORD = "demo", "demo-microblog"
ADMIN, ADMIN_PASSWORD = "admin", "admin-microblog"


@contextmanager
def demo_site(**variables: str) -> Iterator[RunningSite]:
    """Start the site with these environment variables; it is up when it is yielded."""
    with tempfile.TemporaryDirectory() as folder:
        variables.setdefault("PORT", str(free_port()))
        site = RunningSite(Path(folder) / "var", Path(folder) / "site.log", (), variables)
        try:
            yield site.wait_until_up()
        finally:
            site.process.terminate()
            site.process.wait()


def start_browser(playwright: Playwright) -> Browser:
    """Start the machine's own Chromium."""
    return playwright.chromium.launch(executable_path=str(find_chromium()), args=ARGUMENTS)


def sign_in(page: Page, site: RunningSite, username: str = DEMO, password: str = PASSWORD) -> None:
    """Sign a member in; the page is the timeline then."""
    page.goto(f"{site.url}/accounts/login/")
    page.fill("[name=login]", username)
    page.fill("[name=password]", password)
    page.press("[name=password]", "Enter")
    page.wait_for_url(f"{site.url}/")
