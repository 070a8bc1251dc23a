"""The README's picture: a real export on a real site, held in the middle for as long as the shutter needs."""

import re
import time
from collections.abc import Callable
from typing import TypeVar

import psutil
from playwright.sync_api import Page, Playwright

from tests.running_site import RunningSite
from tools.demo_site import ROOT, demo_site, sign_in, start_browser

T = TypeVar("T")

POSTS = 400_000
HALF_WAY = 30  # percent, or soon after
MORE_POSTS = f"""
from accounts.models import User
from posts.models import Post
demo = User.objects.get(username="demo")
for _ in range({POSTS} // 5000):
    Post.objects.bulk_create(Post(author=demo, body="One of very many.") for _ in range(5000))
Post.objects.filter(body="One of very many.").update(timestamp="2020-01-01T00:00:00Z")
"""


def take_picture(playwright: Playwright) -> None:
    """Start an export, hold the work-horse half-way, and keep what the page shows."""
    with demo_site(EXPORT_PROGRESS_INTERVAL="0.05") as site:
        site.manage("shell", "-v0", "-c", MORE_POSTS)
        browser = start_browser(playwright)
        page = browser.new_page(viewport={"width": 1000, "height": 560}, device_scale_factor=2)
        sign_in(page, site)
        page.goto(f"{site.url}/user/demo/")
        page.click("#export-posts")
        horse = wait_for(lambda: work_horse(site))
        wait_for(lambda: progress(page, site) > HALF_WAY)
        horse.suspend()
        page.goto(f"{site.url}/explore/")
        page.screenshot(path=ROOT / "docs" / "running-export.png")
        horse.resume()
        browser.close()


def work_horse(site: RunningSite) -> psutil.Process | None:
    """Return the process that does the export, once there is one."""
    workers = [child for child in psutil.Process(site.process.pid).children() if "rqworker" in child.cmdline()]
    return next((horse for worker in workers for horse in worker.children()), None)


def progress(page: Page, site: RunningSite) -> int:
    """Return the percentage that the poll tells."""
    news = page.request.get(f"{site.url}/notifications/?since=0").text()
    return max((int(number) for number in re.findall(r'"progress": (\d+)', news)), default=0)


def wait_for(condition: Callable[[], T | None]) -> T:
    """Return the first true value of the condition."""
    deadline = time.monotonic() + 60
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(condition)
        time.sleep(0.01)
    return value
