"""The archive's pages, opened from the extracted folder: read, paged and searched with no server and no network."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from exports.formats.messages import Message
from tests.browser.conftest import LOOKS
from tests.exports.zip_files import PostRow, archive_bytes

POSTS = 2500
EVIL = "</p><script>document.title = 'owned'</script><img src=x onerror=\"document.title = 'owned'\">"
CONTROLS = "".join(chr(code) for code in (*range(1, 0x20), *range(0x7F, 0xA0), 0x2028, 0xFEFF, 0xFFFE)) + "\r\n\r"
SPECIAL = {
    7: "A needle in the haystack",
    8: "Crème brûlée at the CAFÉ",
    9: r"what? (a+b)* [x] $5 ^ \d | {n} .",
    10: "שלום עולם, the straße",
    11: "first line\nsecond line",
    12: EVIL,
    13: "x" * 140,
    14: CONTROLS,
    2499: "The newest of all",
    2400: "Another needle, in a newer haystack",
}
MESSAGES = [
    Message("john", "susan", "hello", "2024-01-01T12:00:00Z", 1),
    Message("susan", "john", "hello you", "2024-02-01T12:00:00Z", 2),
    Message("mary", "susan", "hi", "2024-02-02T12:00:00Z", 3),
]


def posts(count: int = POSTS) -> list[PostRow]:
    first = datetime(2023, 11, 1, 8, 30, tzinfo=UTC)
    return [
        (
            SPECIAL.get(number, f"Post number {number}"),
            (first + timedelta(hours=10 * number)).isoformat().replace("+00:00", "Z"),
            number,
        )
        for number in range(count)
    ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive, extracted as a member would."""
    return extracted(
        tmp_path_factory.mktemp("my archive, extracted #1"), POSTS
    )  # as awkward as folders of downloads are


@pytest.fixture(scope="module")
def small_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of a few posts: axe takes its time over each of them."""
    return extracted(tmp_path_factory.mktemp("small"), 30)


def extracted(folder: Path, count: int) -> Path:
    (folder / "archive.zip").write_bytes(archive_bytes(posts(count), MESSAGES, about_me="Écrit peu, lit beaucoup. 📚"))
    with ZipFile(folder / "archive.zip") as archive:
        archive.extractall(folder / "archive")
    return folder / "archive"


class Watched:
    """A page of the browser; whatever leaves the folder, and every complaint, is noted."""

    def __init__(self, context: BrowserContext, folder: Path) -> None:
        self.page: Page = context.new_page()
        self.complaints: list[str] = []
        home = folder.as_uri()
        self.page.on("request", lambda request: None if request.url.startswith(home) else self.note(request.url))
        self.page.on("requestfailed", lambda request: self.note(f"{request.url}: {request.failure}"))
        self.page.on("console", lambda message: self.note(message.text) if message.type == "error" else None)
        self.page.on("pageerror", lambda error: self.note(str(error)))

    def note(self, complaint: str) -> None:
        self.complaints.append(complaint)


@pytest.fixture
def index(browser: Browser, folder: Path) -> Iterator[Page]:
    """The archive's `index.html` in a browser that nothing may complain in."""
    context = browser.new_context()
    watched = Watched(context, folder)
    watched.page.goto((folder / "index.html").as_uri())
    yield watched.page
    context.close()
    assert watched.complaints == []


def search(page: Page, words: str) -> None:
    page.fill("#query", words)
    page.press("#query", "Enter")
    expect(page.locator("#search [role=status]")).not_to_contain_text("Searching")


def test_the_start_page_names_the_owner_and_the_contents(index: Page) -> None:
    expect(index.locator("h1")).to_have_text("susan")
    expect(index.locator("main")).to_contain_text("Écrit peu, lit beaucoup. 📚")
    expect(index.locator("main")).to_contain_text("2,500 posts")
    paths = index.locator("header a, main a[href]:not([href^=http])").evaluate_all(
        "links => links.map((link) => decodeURIComponent(new URL(link.href).pathname))"
    )
    assert len(paths) > len(SPECIAL)
    assert [path for path in paths if not Path(path).exists()] == []


def test_pages_can_be_read_and_turned(index: Page) -> None:
    index.get_by_role("link", name="Read the newest posts").click()
    expect(index.locator(".pager").first).to_contain_text("Page 3 of 3")
    expect(index.locator("article").first).to_contain_text("The newest of all")
    read = []
    while True:
        read += index.locator("article").evaluate_all("articles => articles.map((article) => article.id)")
        older = index.get_by_role("link", name="Older").first
        if not older.count():
            break
        older.click()
    assert read == [f"p{number}" for number in reversed(range(POSTS))]
    index.get_by_role("link", name="Newer").first.click()
    expect(index.get_by_role("link", name="Older").first).to_be_visible()
    index.get_by_role("link", name=re.compile("susan.s archive")).click()
    expect(index.locator("h1")).to_have_text("susan")


def test_texts_are_shown_as_written_and_never_executed(index: Page) -> None:
    index.goto(index.url.replace("index.html", "pages/1.html"))
    expect(index.locator("#p12 p")).to_have_text(EVIL)
    assert index.locator("#p11 p").text_content() == "first line\nsecond line"
    assert index.locator("#p11 p").evaluate("text => getComputedStyle(text).whiteSpace") == "pre-wrap"
    assert index.locator("#p10 p").evaluate("text => getComputedStyle(text).direction") == "rtl"
    assert "owned" not in index.title()


def test_a_word_is_found_on_every_page_and_highlighted(index: Page) -> None:
    search(index, "NEEDLE haystack")
    expect(index.locator("#search [role=status]")).to_have_text("2 found")
    expect(index.locator("#results p")).to_have_text([SPECIAL[2400], SPECIAL[7]])
    assert index.locator("#results mark").all_text_contents() == ["needle", "haystack"] * 2
    index.locator("#results a").last.click()
    expect(index.locator("#p7")).to_be_in_viewport()


def test_a_month_links_to_its_posts(index: Page) -> None:
    index.get_by_text("2024", exact=True).click()
    index.get_by_role("link", name="March 2024").click()
    expect(index.get_by_role("heading", name="March 2024")).to_be_in_viewport()
    first = index.locator("h2[id='2024-03'] + article time")
    expect(first).to_have_text("2024-03-31 14:30")


def test_messages_are_read_by_conversation_and_people_are_listed(index: Page) -> None:
    index.get_by_role("link", name="Messages", exact=True).click()
    index.get_by_role("link", name="john").click()
    expect(index.locator("h1")).to_have_text("Messages with john")
    expect(index.locator("article p[dir]")).to_have_text(["hello you", "hello"])
    index.get_by_role("link", name="People").click()
    index.get_by_role("link", name="Following").click()
    expect(index.locator("li.person a")).to_have_text(["mary", "john"])


def test_the_search_is_restored_when_coming_back(index: Page) -> None:
    search(index, "NEEDLE haystack")
    index.locator("#results a").last.click()
    expect(index.locator("#p7")).to_be_in_viewport()
    index.go_back()
    expect(index.locator("#query")).to_have_value("NEEDLE haystack")
    expect(index.locator("#search [role=status]")).to_have_text("2 found")


def test_an_unfinished_search_says_so(index: Page) -> None:
    index.evaluate(
        """() => {
            const status = document.querySelector("[role=status]"), said = [];
            new MutationObserver(() => said.push(status.textContent)).observe(status, { childList: true });
            window.said = said;
        }"""
    )
    search(index, "post")
    said = index.evaluate("window.said")
    assert "Searching: page 0 of 3, 0 found so far" in said
    if index.locator("#more").is_visible():
        assert "found so far, on" in said[-1]


def test_control_characters_are_shown_one_by_one(index: Page) -> None:
    index.goto(index.url.replace("index.html", "pages/1.html"))
    assert index.locator("#p14 p").evaluate("text => text.textContent") == CONTROLS


def test_an_empty_result_is_announced(index: Page) -> None:
    search(index, "nowhere to be found")
    expect(index.locator("#search [role=status]")).to_have_text("No post has all of these words.")
    expect(index.locator("#results article")).to_have_count(0)
    expect(index.locator("#more")).to_be_hidden()


@pytest.mark.parametrize(
    ("query", "number", "marked"),
    [
        ("creme cafe", 8, ["Crème", "CAFÉ"]),
        ("BRÛLÉE", 8, ["brûlée"]),
        ("bru\u0302le", 8, ["brûlé"]),
        ("(a+b)* [x] $5 ^", 9, ["(a+b)*", "[x]", "$5", "^"]),
        (r"\d | {n}", 9, [r"\d", "|", "{n}"]),
        ("עולם", 10, ["עולם"]),
        ("STRASSE", 10, ["straße"]),
        ("<script>", 12, ["<script>"]),
    ],
)
def test_a_query_may_contain_accents_and_punctuation(index: Page, query: str, number: int, marked: list[str]) -> None:
    search(index, query)
    expect(index.locator("#results p")).to_have_text([SPECIAL[number]])
    assert index.locator("#results mark").all_text_contents() == marked


def test_a_second_search_replaces_the_first(index: Page) -> None:
    index.fill("#query", "number")
    index.press("#query", "Enter")
    search(index, "needle")
    expect(index.locator("#results article")).to_have_count(2)
    expect(index.locator("iframe")).to_have_count(0)


def test_a_common_word_is_shown_in_portions(index: Page) -> None:
    search(index, "post")
    shown = index.locator("#results article").count()
    assert 50 <= shown <= POSTS
    while index.locator("#more").is_visible():
        index.click("#more")
        expect(index.locator("#search [role=status]")).not_to_contain_text("Searching")
    expect(index.locator("#results article")).to_have_count(POSTS - len(SPECIAL))
    first, last = index.locator("#results p").first, index.locator("#results p").last
    expect(first).to_have_text("Post number 2498")
    expect(last).to_have_text("Post number 0")


@pytest.mark.parametrize("look", LOOKS)
def test_every_page_is_accessible_and_fits_the_screen(
    browser: Browser, small_folder: Path, look: tuple[Any, int]
) -> None:
    scheme, width = look
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 800})
    watched = Watched(context, small_folder)
    page = watched.page
    faults = []
    for name in ("index.html", "pages/1.html", "messages/2-1.html", "people/following-1.html"):
        page.goto((small_folder / name).as_uri())
        if name == "index.html":
            search(page, "needle")
        violations = Axe().run(page, options={"preload": False}).response["violations"]  # else it reads the style sheet
        faults += [f"{name} {item['id']}: {item['nodes'][0]['html']}" for item in violations]
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        faults += [f"{name} is {wide} px too wide"] if wide > 0 else []
    context.close()
    assert faults == []
    assert watched.complaints == []


def test_everything_can_be_read_without_javascript(browser: Browser, folder: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((folder / "index.html").as_uri())
    expect(page.locator("#search")).to_be_hidden()
    page.get_by_role("link", name="Read the newest posts").click()
    expect(page.locator("article").first).to_contain_text("The newest of all")
    page.get_by_role("link", name="Older").first.click()
    expect(page.locator("article").first).to_be_visible()
    context.close()
