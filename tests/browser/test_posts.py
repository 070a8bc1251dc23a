"""Posts in a real browser: counter, draft, local times, links, deleting and undoing."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from posts.models import Post
from posts.validators import count_characters
from tests.members import make_member

CHARACTERS = """
    🇪🇸🇩🇪🇪 👩‍👩‍👧‍👦 👍🏽 👩🏽‍🚀 🏳️‍🌈 🏴‍☠️ 🏴󠁧󠁢󠁥󠁮󠁧󠁿 🏴󠁧󠁢 1️⃣#️⃣*⃣ ❤️❤︎ ❤️‍🔥 🫱🏻‍🫲🏿 👁️‍🗨️ ©‍© 🕵️‍♀️ 🐦‍⬛ 🙂‍↔️ 🧑‍🧑‍🧒
    각각한 ᄀ각ᆨ ᅡᆨ 각ᆨ éé ñ Z͑ͫ̓ͪ̂ͫ̽͏̴̙ä̸͕ l̴̢̛g͝o̧͘ ́a ͏ क्षत्रिय हिन्दी र्‍य क्‌ष कि्क क्‍ष প্রকাশ অ্যাপ অ্যা র‍্যাব ক্ষ্ম
    മലയാളം ക്ഷ്യ ന്‍റെ അതു്കൊണ്ട് ൎക തമിழ் க்ஷ்ரீ కర్త శ్రీ ક્ષત્રિય ଶ୍ରୀ ಕ್ಷ ශ්‍රී ไทยกำหนดที่นี่ ลาวກຳ བོད་སྐྱེད ཧཱུྃ ខ្មែរ្ក
    မြန်မာဘာသာသင်္ဘော ꦲꦏ꧀ꦱꦫ ᬅᬓ᭄ᬱᬭ ᨠ᩠ᨿ مُحَمَّدٌ بِسْمِ ٱللَّٰهِ لا ؀١٢ ܏ שָׁלוֹם ﷽ 日本語が がぱ ﾊﾟ 字󠄀 ᠮᠣᠩᠭᠣᠯ᠋ ⠓⠊ 𝒳𐍈 ℕ﷼ ﬁ ½ a‌b a‍b a\u200bb \u00ad \u2028 \u2060 ‏‎
"""  # noqa: E501, PLE2502, RUF001
MARKS = (
    "a \n\u0301\u200d\u200c\ufe0f\u20e31\u00a9\u2764\U0001f469\U0001f3fd\U0001f1ea\u1100\u1161\u11a8\uac00\uac01"
    "\u0915\u094d\u0937\u093c\u09be\u09cd\u09af\u0e01\u0e33\u0600\u0d4e\u0d05\u0d4d\u0d15\u1001\u1039"
)
ROOT = Path(__file__).parent.parent
LEFT = "140 characters left"


def corpus() -> list[str]:
    """Return texts of every script, pairs and threes of what joins, and real posts; none with a lone CR."""
    written = [json.loads(line)["body"] for line in (ROOT / "data" / "posts.jsonl").open()][::30]
    joined = [a + b + c for a in MARKS for b in MARKS for c in ["", *MARKS[::4]]]
    halves = [word[start:] for word in CHARACTERS.split() for start in range(len(word))]
    return [CHARACTERS, *halves, *joined, *(text.replace("\r\n", "\n") for text in written)]


@pytest.fixture
def susan(live_server: LiveServer) -> User:
    return make_member("susan")


@pytest.fixture
def timeline(browser: Browser, susan: User, live_server: LiveServer, settings: LazySettings) -> Iterator[Page]:
    """Susan's timeline, in a browser in New York; what a script throws or the policy blocks fails the test."""
    context = browser.new_context(timezone_id="America/New_York", locale="en-GB")
    page = context.new_page()
    page.set_default_timeout(10_000)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if "Security Policy" in message.text else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    sign_in(page, susan, live_server, settings)
    page.goto(live_server.url)
    yield page
    context.close()
    assert complaints == []


def sign_in(page: Page, user: User, live_server: LiveServer, settings: LazySettings) -> None:
    client = Client()
    client.force_login(user)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}])


def test_the_counter_agrees_with_the_server_in_every_script(timeline: Page) -> None:
    expect(timeline.locator("#composer-counter")).to_have_text(LEFT)
    texts = corpus()
    counted = timeline.evaluate(
        """(texts) => {
          const text = document.querySelector("textarea");
          const counter = document.getElementById("composer-counter");
          return texts.map((value) => {
            text.value = value;
            text.dispatchEvent(new Event("input", { bubbles: true }));
            const number = Number(counter.textContent.replace(/\\D/g, ""));
            return counter.classList.contains("is-over") ? 140 + number : 140 - number;
          });
        }""",
        texts,
    )
    assert [
        (text, number, count_characters(text))
        for text, number in zip(texts, counted, strict=True)
        if number != count_characters(text)
    ] == []


def test_a_draft_survives_until_it_is_sent_or_its_author_signs_out(
    timeline: Page, susan: User, live_server: LiveServer, settings: LazySettings
) -> None:
    text = timeline.locator("textarea")
    text.fill("half a thou")
    timeline.reload()
    expect(text).to_have_value("half a thou")
    expect(timeline.locator("#composer-counter")).to_have_text("129 characters left")
    text.fill("x" * 141)  # refused with 422
    timeline.click("#publish")
    expect(timeline.locator(".composer")).to_contain_text("Shorten it")
    timeline.goto(live_server.url)
    expect(text).to_have_value("x" * 141)
    text.fill("a whole thought")
    timeline.click("#publish")
    expect(timeline.locator(".written")).to_have_text("a whole thought")
    expect(text).to_have_value("")
    timeline.reload()
    expect(text).to_have_value("")
    text.fill("a secret")
    sign_in(timeline, make_member("john"), live_server, settings)  # without a sign-out: Susan's session was over
    timeline.goto(live_server.url)
    expect(text).to_have_value("")
    text.fill("john's")
    sign_in(timeline, susan, live_server, settings)
    timeline.goto(live_server.url)
    expect(text).to_have_value("a secret")
    timeline.click(".account-menu summary")
    timeline.click("#sign-out")
    timeline.wait_for_url("**/accounts/login/")
    assert timeline.evaluate("Object.values(localStorage)") == ["john's"]
    sign_in(timeline, User.objects.get(username="john"), live_server, settings)
    timeline.goto(f"{live_server.url}/accounts/logout/")
    timeline.locator("main").get_by_role("button", name="Sign out").click()
    timeline.wait_for_url("**/accounts/login/")
    assert timeline.evaluate("Object.values(localStorage)") == []


def test_times_use_the_readers_language_and_zone_and_stay_current(
    timeline: Page, susan: User, live_server: LiveServer
) -> None:
    now = timezone.now()
    old = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
    for body, moment in (("new", now), ("days", now - timedelta(days=3, hours=20)), ("old", old)):
        susan.posts.create(body=body, timestamp=moment)
    timeline.clock.install(time=now)
    timeline.goto(live_server.url)
    times = timeline.locator(".post time")
    expect(times).to_have_text(["now", "3 days ago", "January 1, 2026"])
    assert times.last.get_attribute("title") == "January 1, 2026 at 10:04:00 PM EST"
    timeline.clock.fast_forward(125_000)
    expect(times.first).to_have_text("2 minutes ago")
    timeline.evaluate("document.querySelector('.posts').append(document.querySelector('.posts li').cloneNode(true))")
    timeline.evaluate(
        "[...document.querySelectorAll('.posts time')].at(-1).textContent = 'as a live refresh brings it'"
    )
    expect(times.last).to_have_text("2 minutes ago")
    User.objects.filter(pk=susan.pk).update(language="es", time_zone="Asia/Tokyo")
    timeline.reload()
    expect(times).to_have_text(["hace 2 minutos", "hace 3 días", "2 de enero de 2026"])
    assert times.last.get_attribute("title") == "2 de enero de 2026 a las 12:04:00 GMT+9"
    User.objects.filter(pk=susan.pk).update(time_zone="Mars/Phobos")  # as good as one that is younger than the browser
    timeline.reload()
    expect(times.last).to_have_attribute("title", "1 de enero de 2026 a las 22:04:00 GMT-5")
    User.objects.filter(pk=susan.pk).update(time_zone="Asia/Tokyo")
    timeline.goto(live_server.url + Post.objects.get(body="old").get_absolute_url())
    expect(times).to_have_text(["2 de enero de 2026", "2 de enero de 2026 a las 12:04:00 GMT+9"])


def test_a_post_with_links_is_deleted_and_restored(timeline: Page, susan: User) -> None:
    address = "https://example.com/" + "x" * 200
    susan.posts.create(body=f"@Susan #tag {address} end")
    timeline.set_viewport_size({"width": 320, "height": 700})
    timeline.reload()
    written = timeline.locator(".written")
    expect(written.get_by_role("link", name="@Susan")).to_have_attribute("href", "/user/susan/")
    link = written.get_by_role("link", name="https://example.com/")
    assert link.inner_text() == address
    box = link.bounding_box()
    assert box
    assert box["height"] < 60  # of nine lines no more than two are shown
    assert timeline.evaluate("document.documentElement.scrollWidth") == 320
    timeline.goto(timeline.url + "?before=99999999999999999-1")
    timeline.get_by_role("button", name="Delete").click()
    expect(timeline.locator(".alert")).to_contain_text("Your post has been deleted.")
    expect(written).to_have_count(0)
    timeline.get_by_role("button", name="Undo").click()
    expect(written).to_have_count(1)
    assert timeline.url.endswith("?before=99999999999999999-1")
    written_on_its_page = timeline.locator(".post-time")
    written_on_its_page.click()
    timeline.get_by_role("button", name="Delete").click()
    timeline.wait_for_url("**/user/susan/")
    assert not Post.objects.exists()


def test_a_post_with_stacked_accents_overlaps_nothing(timeline: Page, susan: User) -> None:
    susan.posts.create(body="a" + "\u0301\u0317\u0354\u0361" * 150 + "b")
    susan.posts.create(body="A neighbour")
    timeline.reload()
    assert timeline.evaluate("document.documentElement.scrollWidth <= innerWidth")
    neighbour = timeline.locator(".post").first
    beside_it = neighbour.screenshot()
    Post.objects.exclude(body="A neighbour").update(body="ab")
    timeline.reload()
    assert neighbour.screenshot() == beside_it
