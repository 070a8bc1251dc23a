"""The whole tour of the site, in CI, on PostgreSQL, while a second member sees the live parts in a second window."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from exports.verification import verify_archive
from tests.browser.conftest import link_in
from tests.browser.test_main_job import body_of
from tests.mail_server import MailServer
from tests.members import PASSWORD
from tests.postgresql import Cluster
from tests.running_site import RunningSite
from tests.waiting import wait_until

OVERDUE = """
from django.utils import timezone
User.objects.filter(username="reader").update(deletion_due_at=timezone.now())
"""


@pytest.fixture
def database() -> Iterator[dict[str, str]]:
    """The environment of a site on PostgreSQL; the main job is done on SQLite."""
    cluster = Cluster()
    yield {"DATABASE_URL": cluster.url}
    cluster.stop()


@pytest.fixture
def site(database: dict[str, str], start_site: Callable[..., RunningSite], smtp_server: MailServer) -> RunningSite:
    """The site as `make run` starts it."""
    return start_site(EMAIL_URL=smtp_server.url, **database).wait_until_up()


@pytest.fixture
def demos(browser: Browser, site: RunningSite) -> Iterator[Page]:
    """The window of the demo's member, who looks at what everybody writes."""
    page = browser.new_context().new_page()
    sign_in(page, site, "demo", "demo-microblog")
    page.goto(f"{site.url}/explore/")
    page.evaluate("window.notReloaded = true")
    yield page
    page.context.close()


def sign_in(page: Page, site: RunningSite, username: str, password: str) -> None:
    page.goto(f"{site.url}/accounts/login/")
    page.fill("[name=login]", username)
    page.fill("[name=password]", password)
    page.press("[name=password]", "Enter")
    page.wait_for_url(f"{site.url}/")


def look_again(page: Page) -> None:
    """Come back to the tab: it polls at once."""
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


@pytest.mark.long
def test_the_tour(page: Page, demos: Page, site: RunningSite, smtp_server: MailServer) -> None:
    signs_up_and_confirms(page, site, smtp_server)
    writes_deletes_and_brings_back(page)
    follows(page, site)
    searches(page)
    write_to_each_other(page, demos, site)
    exports_and_downloads(page, site, smtp_server)
    leaves(page, demos, site, smtp_server)


def signs_up_and_confirms(page: Page, site: RunningSite, server: MailServer) -> None:
    page.goto(site.url)
    page.locator("header").get_by_role("link", name="Sign up").click()
    page.fill("[name=username]", "reader")
    page.fill("[name=email]", "reader@example.com")
    page.fill("[name=password1]", PASSWORD)
    page.fill("[name=password2]", PASSWORD)
    page.press("[name=password2]", "Enter")
    page.wait_for_url("**/confirm-email/")
    [mail] = wait_until(lambda: server.messages)
    page.goto(link_in(body_of(mail)))
    page.click("main button")
    sign_in(page, site, "reader", PASSWORD)


def writes_deletes_and_brings_back(page: Page) -> None:
    page.fill("#id_body", "Soup with @demo at https://soup.example/today #leeks")
    page.reload()
    expect(page.locator("#id_body")).to_have_value("Soup with @demo at https://soup.example/today #leeks")
    page.click("#publish")
    body = page.locator(".post .written").first
    expect(body.get_by_role("link")).to_have_text(["@demo", "https://soup.example/today", "#leeks"])
    expect(page.locator("#id_body")).to_have_value("")
    page.locator(".post").get_by_role("button", name="Delete").click()
    expect(page.locator(".post")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".post")).to_have_count(1)


def follows(page: Page, site: RunningSite) -> None:
    page.locator(".written a[data-card]").hover()
    card = page.locator(".member-card")
    card.get_by_role("button", name="Follow").click()
    expect(card.get_by_role("button", name="Unfollow")).to_be_visible()
    page.goto(site.url)
    expect(page.locator(".post-author", has_text="demo").first).to_be_visible()
    page.goto(f"{site.url}/user/demo/followers/")
    expect(page.locator("main").get_by_role("link", name="reader", exact=True)).to_be_visible()


def searches(page: Page) -> None:
    page.locator("header").get_by_role("link", name="Search").click()
    page.get_by_role("searchbox").fill("soup leeks")
    page.get_by_role("searchbox").press("Enter")
    expect(page.locator(".post mark").first).to_have_text("Soup")
    page.get_by_role("link", name="Members").click()
    page.get_by_role("searchbox").fill("dem")
    page.get_by_role("searchbox").press("Enter")
    page.locator("main").get_by_role("link", name="demo", exact=True).click()


def write_to_each_other(page: Page, demos: Page, site: RunningSite) -> None:
    page.get_by_role("link", name="Message", exact=True).click()
    page.fill("#id_body", "Is there soup left?")
    page.click("#send")
    look_again(demos)
    expect(demos.locator("#unread-messages")).to_contain_text("1 unread message")
    assert demos.evaluate("window.notReloaded")
    demos.goto(f"{site.url}/messages/reader/")
    demos.fill("#id_body", "Plenty.")
    demos.click("#send")
    look_again(page)
    expect(page.locator("#newest")).to_contain_text("Plenty.")


def exports_and_downloads(page: Page, site: RunningSite, server: MailServer) -> None:
    page.locator("header").get_by_role("link", name="Your data").click()
    page.locator("form", has=page.locator("[value=archive]")).get_by_role("button").click()
    page.goto(f"{site.url}/explore/")  # the alert comes along
    alert = page.locator(".task-alert")
    expect(alert).to_have_attribute("data-status", "succeeded")
    expect(alert).to_contain_text("Handed to the mail server for reader@example.com")
    with page.expect_download() as download:
        alert.get_by_role("link", name="Download").click()
    counts = verify_archive(Path(download.value.path())).counts
    assert {name: counts[name] for name in ("posts", "follows", "messages")} == {
        "posts": 1,
        "follows": 1,
        "messages": 2,
    }
    assert [part.get_content_type() for part in server.messages[-1].iter_attachments()] == ["application/zip"]


def leaves(page: Page, demos: Page, site: RunningSite, server: MailServer) -> None:
    deletes_account(page, site)
    assert "[Microblog]" in server.messages[-1]["Subject"]
    page.get_by_role("button", name="Keep my account").click()
    expect(page.get_by_role("button", name="Keep my account")).to_have_count(0)
    deletes_account(page, site)
    site.manage("shell", "-v0", "-c", OVERDUE)
    site.manage("delete_accounts")
    page.goto(f"{site.url}/exports/")
    expect(page.locator("[name=login]")).to_be_visible()
    assert demos.request.get(f"{site.url}/user/reader/").status == 404
    demos.goto(f"{site.url}/messages/")
    expect(demos.locator("main").get_by_text("reader")).to_have_count(0)


def deletes_account(page: Page, site: RunningSite) -> None:
    page.goto(f"{site.url}/accounts/profile/")
    page.get_by_role("link", name="Delete account").click()
    page.fill("[name=password]", PASSWORD)
    page.get_by_role("button", name="Delete my account").click()
    expect(page.get_by_role("button", name="Keep my account")).to_be_visible()
