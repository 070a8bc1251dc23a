"""A browser on the real site: `page` fails its test when the site's own policy blocks something."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from django.conf import settings
from playwright.sync_api import ConsoleMessage, Page, expect

from tests.mail_server import MailServer, free_port
from tests.waiting import wait_until

# The time of a step that waits for a poll (2 s while something is active, 10 s otherwise); milliseconds.
PATIENCE = 20_000
expect.set_options(timeout=PATIENCE)


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


class Site:
    """The site as `make run` starts it, with a folder of its own."""

    def __init__(self, var_dir: Path, email_url: str) -> None:
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        environment = {name: value for name, value in os.environ.items() if name not in {"REDIS_URL", "DATABASE_URL"}}
        self.environment = environment | {"VAR_DIR": str(var_dir), "PORT": str(self.port), "EMAIL_URL": email_url}
        self.log = var_dir / "run_site.log"
        self.process = self.start("run_site")
        try:
            wait_until(self.is_up, 60, what="The site")
        except BaseException:
            self.stop()
            raise

    def start(self, *command: str) -> "subprocess.Popen[bytes]":
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "manage.py", *command],
                cwd=settings.BASE_DIR,
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def is_up(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        return "Ctrl-C stops everything" in self.log.read_text()

    def manage(self, *command: str) -> str:
        """Run a management command on the site's database; return what it says."""
        result = subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=settings.BASE_DIR,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, result.stderr
        return result.stdout

    @property
    def worker(self) -> psutil.Process:
        children = psutil.Process(self.process.pid).children()
        [worker] = [child for child in children if "rqworker" in child.cmdline()]
        return worker

    def stop(self) -> None:
        self.process.send_signal(signal.SIGINT)
        self.process.wait(30)


@pytest.fixture
def site(tmp_path: Path, smtp_server: MailServer) -> Iterator[Site]:
    """The running site, which sends its mail to `smtp_server`."""
    site = Site(tmp_path, smtp_server.url)
    yield site
    site.stop()


def link_in(text: str) -> str:
    """Return the first address in a mail."""
    found = re.search(r"https?://\S+", text)
    assert found, text
    return found.group()
