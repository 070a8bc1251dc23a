"""Tokens in a real browser, without JavaScript: made after the password, copied, revoked."""

import re

import pytest
from django.conf import LazySettings
from django.test import Client
from playwright.sync_api import Browser, Page, ViewportSize, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from api.models import ApiToken
from tests.members import PASSWORD


def sign_in(page: Page, live_server: LiveServer, user: User) -> None:
    """Sign in as people do."""
    page.goto(f"{live_server.url}/accounts/login/")
    page.fill("[name=login]", user.username)
    page.fill("[name=password]", PASSWORD)
    page.click("main button")


WORDS = {"en": ("Create token", "Revoke"), "es": ("Crear token", "Revocar")}


@pytest.mark.parametrize("look", [(390, "en"), (1280, "es")])
def test_a_token_is_made_used_and_revoked(
    browser: Browser, member: User, live_server: LiveServer, settings: LazySettings, look: tuple[int, str]
) -> None:
    width, language = look
    make, revoke = WORDS[language]
    size = ViewportSize(width=width, height=844)
    with browser.new_context(java_script_enabled=False, locale=language, viewport=size) as context:
        page = context.new_page()
        sign_in(page, live_server, member)
        settings.ACCOUNT_REAUTHENTICATION_TIMEOUT = 0
        page.goto(f"{live_server.url}/accounts/tokens/")
        page.fill("[name=name]", "backup")
        page.check("[value='exports:read']")
        page.click(f"text={make}")
        settings.ACCOUNT_REAUTHENTICATION_TIMEOUT = 3600
        page.fill("[name=password]", PASSWORD)
        page.click("main button[type=submit], main form button")
        secret = page.input_value("#secret")
        assert re.fullmatch(r"mbt_[\w-]{43}", secret)
        header = {"Authorization": f"Bearer {secret}"}
        assert Client(headers=header).get("/api/v1/exports").status_code == 200
        page.goto(f"{live_server.url}/accounts/tokens/")
        page.click(f"text={revoke}")
        expect(page.locator("main .export-row")).to_have_count(0)
        assert not ApiToken.objects.exists()
        assert Client(headers=header).get("/api/v1/exports").status_code == 401
