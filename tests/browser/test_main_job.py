"""The main job from end to end, with no part mocked: sign up, confirm, import, export, watch, read the mail."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect

from tests.browser.conftest import link_in
from tests.mail_server import MailServer
from tests.members import PASSWORD
from tests.running_site import RunningSite
from tests.waiting import wait_until

REAL_POSTS = Path(settings.BASE_DIR) / "tests" / "data" / "posts.jsonl"

# Notes each percentage that any alert shows, for as long as the page is not reloaded.
WATCH = """() => {
  window.seen = [];
  const note = () => document.querySelectorAll('[id$="-progress"]').forEach((element) => {
    const percent = Number(element.textContent);
    if (percent !== window.seen.at(-1)) window.seen.push(percent);
  });
  new MutationObserver(note).observe(document.body, { childList: true, subtree: true, characterData: true });
  note();
}"""


def expected_posts() -> list[dict[str, str]]:
    """Return the posts as the export must have them: oldest first, those of one second as they were in the file."""
    lines = [json.loads(line) for line in REAL_POSTS.read_text(encoding="utf-8").splitlines()]
    moments = [(datetime.fromisoformat(line["timestamp"]).astimezone(UTC), line["body"]) for line in lines]
    moments.sort(key=lambda moment: moment[0])
    return [{"body": body, "timestamp": f"{moment:%Y-%m-%dT%H:%M:%SZ}"} for moment, body in moments]


def sign_up(page: Page, site: RunningSite, server: MailServer) -> None:
    page.goto(f"{site.url}/accounts/signup/")
    page.fill("[name=username]", "reader")
    page.fill("[name=email]", "reader@example.com")
    page.fill("[name=password1]", PASSWORD)
    page.fill("[name=password2]", PASSWORD)
    page.press("[name=password2]", "Enter")
    page.wait_for_url("**/confirm-email/")
    [mail] = wait_until(lambda: server.messages)
    page.goto(link_in(body_of(mail)))
    page.click("main button")


def body_of(message: Any) -> str:
    part = message.get_body(("plain",))
    return str(part.get_content())


def sign_in(page: Page, site: RunningSite) -> None:
    page.goto(f"{site.url}/accounts/login/")
    page.fill("[name=login]", "reader")
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_url(f"{site.url}/")


@pytest.mark.short
def test_a_member_exports_all_their_posts(page: Page, site: RunningSite, smtp_server: MailServer) -> None:
    sign_up(page, site, smtp_server)
    sign_in(page, site)
    assert "15746 posts imported" in site.manage("import_posts", "reader", str(REAL_POSTS))

    page.goto(f"{site.url}/user/reader/")
    worker = site.named("rqworker")
    worker.suspend()  # so that the beginning can be seen too: the export takes a fraction of a second
    page.click("#export-posts")
    alert = page.locator(".task-alert")
    expect(alert).to_have_attribute("data-status", "queued")
    expect(page.locator("#export-posts")).to_have_count(0)
    page.evaluate(WATCH)
    page.evaluate("window.notReloaded = true")
    worker.resume()

    expect(alert).to_have_attribute("data-status", "succeeded")
    seen = page.evaluate("window.seen")
    assert seen == sorted(seen)
    assert (seen[0], seen[-1]) == (0, 100)
    assert page.evaluate("window.notReloaded")
    expect(page.locator("#export-posts")).to_be_visible()
    expect(alert).to_contain_text("15,746 posts")
    expect(alert).to_contain_text("Handed to the mail server for reader@example.com")

    mail = smtp_server.messages[-1]
    [attachment] = mail.iter_attachments()
    assert mail["Subject"] == "[Microblog] Your blog posts"
    assert attachment.get_filename() == "posts.json"
    assert json.loads(attachment.get_content()) == {"posts": expected_posts()}

    with page.expect_download() as download:
        alert.get_by_role("link", name="Download").click()
    assert json.loads(Path(download.value.path()).read_bytes()) == {"posts": expected_posts()}
