"""Axe's rules of accessibility, and the width: every page in each look, on the narrowest phone and on a desktop."""

from collections.abc import Iterator
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page

from tools.audit.figures import Figure
from tools.audit.site import Site
from tools.audit.visitors import GUEST, MEMBER

NARROW, WIDE = 320, 1280
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light", "locale": "en"},
    "dark": {"color_scheme": "dark", "locale": "en"},
    "Spanish": {"color_scheme": "light", "locale": "es"},
    "pseudo-locale": {"color_scheme": "light", "locale": "en-XA"},
    "right to left": {"color_scheme": "dark", "locale": "ar-XB"},
}


def violations(browser: Browser, site: Site, addresses: list[str], cookies: str) -> Iterator[Figure]:
    """Return, for each look, the violations and the pages that are too wide."""
    for look, options in LOOKS.items():
        found: list[str] = []
        for visitor in (GUEST, MEMBER):
            context = browser.new_context(**options)
            if visitor == MEMBER:
                let_in(context, site, cookies)
            page = context.new_page()
            for address in addresses:
                if is_page(page, site.url + address):
                    found += [f"{visitor} {address} {fault}" for fault in faults(page, options["locale"])]
            context.close()
        yield Figure(f"axe and width: {look}", len(found), 0, tuple(found))


def let_in(context: BrowserContext, site: Site, cookies: str) -> None:
    """Give the member's cookies to a browser."""
    for cookie in cookies.split("; "):
        name, _equals, value = cookie.partition("=")
        context.add_cookies([{"name": name, "value": value, "url": site.url}])


def is_page(page: Page, url: str) -> bool:
    """Go there; return whether it is a page, and not a file or an answer without words."""
    response = page.request.get(url)
    if not response.headers.get("content-type", "").startswith("text/html") or not response.body():
        return False
    page.goto(url)
    return True


def faults(page: Page, language: str) -> Iterator[str]:
    """Return what is wrong with the page, at both widths."""
    if (spoken := page.evaluate("document.documentElement.lang")) != language.lower():
        yield f"is in {spoken!r} instead of {language!r}"
    for width in (NARROW, WIDE):
        page.set_viewport_size({"width": width, "height": 800})
        for item in Axe().run(page).response["violations"]:
            yield f"{width} px: {item['id']}: {item['nodes'][0]['html'][:160]}"
        excess = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if excess > 0:
            yield f"{width} px: {excess} px too wide"
