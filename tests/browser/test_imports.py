"""Importing an archive in a browser: from the upload to the posts and back, with what can go wrong on the way."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import LazySettings
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer
from rq import Queue

from accounts.models import User
from imports.models import Import
from posts.models import Post
from tasks import runner
from tasks.models import Task
from tasks.services.launch import task_launch
from tasks.services.transitions import task_cancel
from tests.browser.test_keyboard import go_to, look_again, press
from tests.browser.test_pages import sign_in
from tests.imports.conftest import _handmade_is_known, handmade, posts  # noqa: F401 - a fixture
from tests.members import make_member

YEARS = range(1990, 2020)
MANY_YEARS = [{"source_id": f"{year}", "body": f"In {year}", "at": f"{year}-01-01T00:00:00+00:00"} for year in YEARS]
TO_BOB = {"source_id": "to bob", "body": "@bob Yes!", "kind": "reply", "pictures": 1}
ARCHIVE = handmade(*MANY_YEARS, *posts(1), TO_BOB, {"reason": "private"}, follows=["stranger", "nobody"])
LONG_NAME = f"{'archive' * 30}.zip"
ALERT = ".task-alert"


@pytest.fixture
def susan(live_server: LiveServer, redis_queue: Queue) -> User:
    make_member("stranger")
    return make_member("susan")


@pytest.fixture
def imports_page(page: Page, susan: User, live_server: LiveServer, settings: LazySettings) -> Page:
    """The page of imports, as Susan sees it."""
    sign_in(page, susan, live_server, settings)
    page.goto(f"{live_server.url}/imports/")
    return page


def choose(page: Page, content: bytes = ARCHIVE, name: str = LONG_NAME) -> None:
    """Choose a file in the form."""
    page.set_input_files("#id_file", {"name": name, "mimeType": "application/zip", "buffer": content})


def upload(page: Page, content: bytes = ARCHIVE) -> None:
    """Upload a file; the page is that of its import then."""
    choose(page, content)
    page.click("#upload-send")
    page.wait_for_url("**/imports/*-*/")
    page.evaluate("window.notReloaded = true")


def work() -> None:
    """Do the member's only active task."""
    runner.run(str(Task.objects.active().get().pk))


def not_reloaded(page: Page) -> bool:
    return bool(page.evaluate("window.notReloaded === true"))


def test_an_archive_is_previewed_imported_and_undone(imports_page: Page, susan: User, live_server: LiveServer) -> None:
    page = imports_page
    upload(page)
    expect(page.locator("main")).to_contain_text("Reading your archive")
    expect(page.locator(ALERT)).to_have_count(0)  # the page itself shows the task
    work()
    look_again(page)
    expect(page.locator("#preview-title")).to_have_text("32 new posts")
    expect(page.locator("#announcer")).to_have_text("32 new posts")
    expect(page.locator(".import-years li")).to_have_count(31)
    assert not_reloaded(page)

    page.get_by_label("Replies to other people").check()
    other = task_launch(user=susan, name="export_posts")  # its alert comes by a live refresh
    look_again(page)
    expect(page.locator(ALERT)).to_have_count(1)
    expect(page.get_by_label("Replies to other people")).to_be_checked()
    task_cancel(other)

    page.click("#confirm")
    expect(page.locator("main")).to_contain_text("Importing your posts")
    work()
    look_again(page)
    expect(page.locator("#announcer")).to_have_text("32 posts imported")
    expect(page.locator("main")).to_contain_text("Not public: 1")
    page.get_by_role("link", name="See your profile").click()
    expect(page.locator(".post .written").first).to_have_text("@bob Yes!")
    page.locator("#alerts-fold summary").click()
    alert = page.locator(ALERT, has_text="32 posts imported")
    alert.get_by_role("link", name="Details").click()

    page.get_by_text("Undo this import").click()
    page.click("#undo")
    expect(page.locator("main")).to_contain_text("Undoing your import")
    work()
    look_again(page)
    expect(page.locator("#announcer")).to_have_text("You've undone this import")
    page.goto(f"{live_server.url}/user/susan/")
    expect(page.locator(".post")).to_have_count(0)
    expect(page.locator(ALERT, has_text="32 posts imported")).to_have_count(0)


def test_importing_works_without_javascript(
    browser: Browser, susan: User, live_server: LiveServer, settings: LazySettings
) -> None:
    page = browser.new_context(java_script_enabled=False).new_page()
    sign_in(page, susan, live_server, settings)
    page.goto(f"{live_server.url}/imports/")
    choose(page)
    page.click("#upload-send")
    expect(page.locator("main")).to_contain_text("Reading your archive")
    work()
    page.reload()
    page.click("#confirm")
    work()
    page.reload()
    expect(page.locator("#report-title")).to_have_text("31 posts imported")
    assert Post.objects.filter(author=susan).count() == 31
    page.get_by_text("Undo this import").click()
    page.click("#undo")
    work()
    page.reload()
    expect(page.locator("main")).to_contain_text("You've undone this import")
    assert not Post.objects.exists()
    page.context.close()


def test_a_file_that_is_too_large_is_refused_before_it_is_sent(imports_page: Page, settings: LazySettings) -> None:
    settings.IMPORT_MAX_SIZE = 2048
    imports_page.reload()
    sent: list[str] = []
    imports_page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    choose(imports_page, b"x" * 2049)
    error = imports_page.get_by_role("alert").get_by_text("The limit is 2.0 KB")
    expect(error).to_be_visible()
    imports_page.click("#upload-send")
    expect(imports_page.locator("#id_file")).to_be_focused()
    expect(imports_page.locator("#upload-send")).not_to_have_attribute("aria-busy", "true")
    assert sent == []
    choose(imports_page, b"small")
    expect(error).to_have_count(0)


def test_a_file_stays_chosen_when_the_connection_is_lost_or_the_site_refuses_it(
    imports_page: Page, susan: User
) -> None:
    page, error = imports_page, imports_page.locator("#file-error")
    choose(page)
    page.context.set_offline(True)
    page.click("#upload-send")
    expect(error).to_contain_text("The connection was lost")
    page.context.set_offline(False)
    busy = task_launch(user=susan, name="import_posts", params={"import": "00000000-0000-0000-0000-000000000000"})
    with page.expect_response(lambda response: response.request.method == "POST") as refusal:
        page.click("#upload-send")
    assert refusal.value.status == 422
    expect(error).to_contain_text("An import is in progress")
    task_cancel(busy)
    page.click("#upload-send")  # the file is still chosen
    page.wait_for_url("**/imports/*-*/")
    assert Import.objects.get().filename == LONG_NAME


def test_a_wrong_file_fails_with_the_reason_and_a_way_on(imports_page: Page, live_server: LiveServer) -> None:
    upload(imports_page, b"a shopping list")
    work()
    look_again(imports_page)
    expect(imports_page.locator("#announcer")).to_contain_text("We don't recognize this file.")
    assert not_reloaded(imports_page)
    expect(imports_page.get_by_role("button", name="Try again")).to_have_count(0)
    imports_page.get_by_role("link", name="Upload another file").click()
    expect(imports_page.locator("#import-list")).to_contain_text("Failed")
    expect(imports_page.locator(ALERT)).to_contain_text("We don't recognize this file.")


def test_each_step_is_accessible_by_keyboard_and_fits_a_phone(imports_page: Page) -> None:
    page = imports_page
    page.set_viewport_size({"width": 320, "height": 700})
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    choose(page)
    page.focus("#id_file")
    go_to(page, "#upload-send")
    press(page)
    assert faults_of(page) == []
    work()
    look_again(page)
    expect(page.locator("#confirm")).to_be_visible()
    assert faults_of(page) == []
    go_to(page, "#id_follows")
    page.keyboard.press("Space")
    go_to(page, "#confirm")
    press(page)
    go_to(page, "form[action$='/cancel/'] button")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text("Cancelled")
    assert faults_of(page) == []
    go_to(page, "form[action$='/retry/'] button")
    page.keyboard.press("Enter")
    expect(page.locator("#import [data-status]")).to_have_attribute("data-status", "queued")
    work()
    look_again(page)
    go_to(page, "#undo-import summary")
    page.keyboard.press("Enter")
    assert faults_of(page) == []
    go_to(page, "#undo")
    press(page)
    expect(page.locator("main")).to_contain_text("Undoing your import")


def faults_of(page: Page) -> list[str]:
    """Return what is wrong with the page as it is now, in words."""
    found = [f"{item['id']}: {item['nodes'][0]['html'][:200]}" for item in Axe().run(page).response["violations"]]
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return [*found, *([f"{wide} px too wide"] if wide > 0 else [])]
