"""Take the README's picture anew: a real export on a real site, held in the middle for as long as the shutter needs."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import psutil
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.browser_options import ARGUMENTS, find_chromium  # noqa: E402
from tests.mail_server import free_port  # noqa: E402

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


def main() -> None:
    """Start a site of its own, export, and take the picture."""
    with tempfile.TemporaryDirectory() as folder:
        port = str(free_port())
        environment = os.environ | {"VAR_DIR": folder, "PORT": port, "EXPORT_PROGRESS_INTERVAL": "0.05"}
        site = subprocess.Popen(
            [sys.executable, "manage.py", "run_site"], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
        )
        try:
            for line in site.stdout or ():
                if "Ctrl-C stops" in line:
                    break
            subprocess.run(
                [sys.executable, "manage.py", "shell", "-v0", "-c", MORE_POSTS], cwd=ROOT, env=environment, check=True
            )
            take_picture(f"http://localhost:{port}", site.pid)
        finally:
            site.send_signal(signal.SIGINT)
            site.wait()


def take_picture(address: str, site: int) -> None:
    """Sign in, click, hold the work-horse half-way, and keep what the page shows."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(find_chromium()), args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 900, "height": 560}, device_scale_factor=2)
        page.goto(f"{address}/accounts/login/")
        page.fill("[name=login]", "demo")
        page.fill("[name=password]", "demo-microblog")
        page.press("[name=password]", "Enter")
        page.wait_for_url(f"{address}/")
        page.goto(f"{address}/user/demo/")
        page.click("#export-posts")
        horse = wait_for(lambda: work_horse(site))
        wait_for(lambda: progress(page) > HALF_WAY)
        horse.suspend()
        page.goto(f"{address}/explore/")
        page.screenshot(path=ROOT / "docs" / "running-export.png")
        horse.resume()
        browser.close()


def work_horse(site: int) -> psutil.Process | None:
    """Return the process that does the export, once there is one."""
    workers = [child for child in psutil.Process(site).children() if "rqworker" in child.cmdline()]
    return next((horse for worker in workers for horse in worker.children()), None)


def progress(page: Page) -> int:
    """Return the percentage that the poll tells."""
    news = page.request.get("/notifications/".join([page.url.split("/user/")[0], "?since=0"])).text()
    return max((int(number) for number in re.findall(r'"progress": (\d+)', news)), default=0)


def wait_for(condition: Callable[[], T | None]) -> T:
    """Return the first true value of the condition."""
    deadline = time.monotonic() + 60
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(condition)
        time.sleep(0.01)
    return value


if __name__ == "__main__":
    main()
