"""Downloading in a browser: the password on the way to the file, and the file in object storage."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from django.conf import LazySettings
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from tests.bucket import CREDENTIALS, Bucket
from tests.exports.archives import archive_of
from tests.members import PASSWORD, make_member, signed_in_client
from tests.running_site import RunningSite

PASSWORD_FIELD = "[name=password]"


def test_an_old_session_confirms_the_password_before_a_download(
    page: Page, live_server: LiveServer, settings: LazySettings
) -> None:
    susan = make_member("susan")
    archive_of(susan, b'{"posts": []}')
    client = signed_in_client(susan)
    session = client.session
    session[AUTHENTICATION_METHODS_SESSION_KEY][0]["at"] -= 3601
    session.save()
    name = settings.SESSION_COOKIE_NAME
    page.context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": live_server.url}])

    page.goto(f"{live_server.url}/exports/")
    page.get_by_role("link", name="Download").click()
    expect(page.locator("main")).to_contain_text("It's been a while since you entered your password")
    page.fill(PASSWORD_FIELD, PASSWORD)
    with page.expect_download() as download:
        page.press(PASSWORD_FIELD, "Enter")
    assert download.value.suggested_filename == "posts.json"
    assert Path(download.value.path()).read_bytes() == b'{"posts": []}'


@pytest.mark.long
def test_signing_in_continues_to_a_file_in_object_storage(
    page: Page, start_site: Callable[..., RunningSite], bucket_server: Bucket
) -> None:
    site = start_site(EXPORT_STORAGE_URL=bucket_server.url, **CREDENTIALS).wait_until_up()
    sign_in(page, f"{site.url}/accounts/login/")
    page.wait_for_url(f"{site.url}/")
    page.goto(f"{site.url}/user/demo/")
    page.click("#export-posts")
    expect(page.locator(".task-alert")).to_have_attribute("data-status", "succeeded")
    address = page.locator(".task-alert").get_by_role("link", name="Download").get_attribute("href")

    page.context.clear_cookies()
    with page.expect_download() as download:
        sign_in(page, f"{site.url}{address}")
    assert download.value.url.startswith(bucket_server.endpoint)
    content = Path(download.value.path()).read_bytes()
    assert hashlib.sha256(content).digest() in [
        hashlib.sha256(stored).digest() for stored in bucket_server.files().values()
    ]
    assert json.loads(content)["posts"]


def sign_in(page: Page, address: str) -> None:
    page.goto(address)
    page.fill("[name=login]", "demo")
    page.fill(PASSWORD_FIELD, "demo-microblog")
    page.press(PASSWORD_FIELD, "Enter")
