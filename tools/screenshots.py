"""Retake every picture in docs/: each page, light and dark, on a phone and on a desktop."""

import shutil
import subprocess
import sys
from itertools import product

from playwright.sync_api import Browser, sync_playwright

from tests.running_site import RunningSite
from tools.demo_site import ADMIN, ADMIN_PASSWORD, DEMO, PASSWORD, ROOT, demo_site, sign_in, start_browser
from tools.running_export import take_picture

GALLERY = ROOT / "docs" / "pages"
WIDTHS = {"phone": (360, 740), "desktop": (1200, 800)}
THEMES = ("light", "dark")
QUALITY = 70  # of JPEG: a picture has some 40 kB

GUEST = {
    "explore": "/explore/",
    "sign-in": "/accounts/login/",
    "sign-up": "/accounts/signup/",
    "not-found": "/nowhere/",
}
MEMBER = {
    "timeline": "/",
    "profile": "/user/demo/",
    "followers": "/user/demo/followers/",
    "search": "/search/?q=soup",
    "messages": "/messages/",
    "conversation": "/messages/chiara/",
    "exports": "/exports/",
    "preferences": "/accounts/profile/",
    "delete-account": "/accounts/delete/",
}
MESSAGES = """
from inbox.services import message_send
demo, chiara, bruno = (User.objects.get(username=name) for name in ("demo", "chiara", "bruno"))
message_send(sender=chiara, recipient=demo, body="There is soup on the stove. Come over!")
message_send(sender=demo, recipient=chiara, body="On my way. Shall I bring bread?")
message_send(sender=bruno, recipient=demo, body="Did you see the lake this morning?")
"""
STAFF = {"admin-home": "/admin/", "admin-tasks": "/admin/tasks/task/"}


def main() -> None:
    """Take them all; what was there of pages that are no more is removed."""
    if not has_emoji():
        sys.exit("There is no font with emoji here: the demo's posts would show boxes. Install fonts-noto-color-emoji.")
    with sync_playwright() as playwright:
        take_picture(playwright)
        with demo_site() as site:
            site.manage("shell", "-v0", "-c", MESSAGES)
            browser = start_browser(playwright)
            make_an_export(browser, site)
            for old in GALLERY.glob("*.jpg"):
                old.unlink()
            for width, theme in product(WIDTHS, THEMES):
                take_pages(browser, site, width, theme)
            browser.close()
    write_list()


def has_emoji() -> bool:
    """Return whether a font of this machine has U+1F600; unknown without fontconfig counts as yes."""
    program = shutil.which("fc-list")
    return program is None or bool(subprocess.run([program, ":charset=1f600"], capture_output=True, check=True).stdout)


def make_an_export(browser: Browser, site: RunningSite) -> None:
    """Let the demo's member export, so that there is something to see: an alert, a file, a mail."""
    page = browser.new_page()
    sign_in(page, site)
    page.goto(f"{site.url}/user/demo/")
    page.click("#export-posts")
    page.locator(".task-alert[data-status=succeeded]").wait_for()
    page.close()


def take_pages(browser: Browser, site: RunningSite, width: str, theme: str) -> None:
    """Take the pages as a guest, the demo's member and staff see them."""
    visitors = ((GUEST, None, ""), (MEMBER, DEMO, PASSWORD), (STAFF, ADMIN, ADMIN_PASSWORD))
    for pages, username, password in visitors:
        across, down = WIDTHS[width]
        page = browser.new_page(viewport={"width": across, "height": down}, color_scheme=theme)  # type: ignore[arg-type]
        if username:
            sign_in(page, site, username, password)
        for name, path in pages.items():
            page.goto(f"{site.url}{path}", wait_until="networkidle")
            page.screenshot(path=GALLERY / f"{name}-{width}-{theme}.jpg", type="jpeg", quality=QUALITY)
        page.close()


def write_list() -> None:
    """Write the page that shows them all."""
    lines = ["# The pages", "", "Made by `make screenshots`.", ""]
    for name in (*GUEST, *MEMBER, *STAFF):
        lines += [f"## {name.replace('-', ' ').capitalize()}", ""]
        for width, theme in product(WIDTHS, THEMES):
            lines.append(f"![{name}, {width}, {theme}]({name}-{width}-{theme}.jpg)")
        lines.append("")
    (GALLERY / "README.md").write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
