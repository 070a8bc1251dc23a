"""The visitors: a guest, and the demo's member, who has exported."""

from pathlib import Path

from playwright.sync_api import Browser

from tools.audit.site import Site
from tools.demo_site import DEMO, PASSWORD

GUEST, MEMBER = "guest", "member"


def admit(browser: Browser, site: Site) -> str:
    """Sign the member in, let them export, and return their cookies, as a request carries them."""
    page = browser.new_page()
    page.goto(f"{site.url}/accounts/login/")
    page.fill("[name=login]", DEMO)
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_url(f"{site.url}/")
    page.goto(f"{site.url}/exports/")
    page.click("#export-archive")
    page.locator(".task-alert[data-status=succeeded]").wait_for()
    cookies = "; ".join(f"{cookie['name']}={cookie['value']}" for cookie in page.context.cookies())
    page.context.close()
    return cookies


def exported_files(folder: Path) -> list[Path]:
    """Return the archives in the site's folder: the one that the member asked for, at least."""
    if not (files := sorted((folder / "exports").rglob("*.zip"))):
        raise FileNotFoundError(f"No archive is below {folder}/exports.")
    return files
