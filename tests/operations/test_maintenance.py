"""The site that is closed: words and 503 for every visitor, without a database, switched without a restart."""

from io import StringIO
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command
from django.test import Client

from tests.security.headers import missing_headers

# No `db` fixture: a query would fail the test.


@pytest.fixture(autouse=True)
def var_dir(settings: LazySettings, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path


def switch(state: str) -> str:
    out = StringIO()
    call_command("maintenance", state, stdout=out)
    return out.getvalue()


@pytest.mark.parametrize(
    "address", ["/", "/user/susan/", "/nowhere/", "/notifications/", "/admin/", "/accounts/login/"]
)
def test_every_address_says_so_and_when_to_come_back(client: Client, address: str) -> None:
    assert "The site is closed." in switch("on")
    response = client.get(f"{address}?q=1&r=2")
    page = response.content.decode()
    assert response.status_code == 503
    assert int(response["Retry-After"]) > 0
    assert "no-store" in response["Cache-Control"]
    assert "will be back in a few minutes" in page
    assert f'href="{address}?q=1&amp;r=2"' in page
    assert "wasn't saved" not in page
    assert not missing_headers(response)


def test_submitted_data_is_reported_unsaved_and_can_be_resent(client: Client) -> None:
    switch("on")
    page = client.post("/", {"body": "Hello"}).content.decode()
    assert "What you just sent wasn't saved." in page
    assert "reload it later" in page
    assert 'class="btn' not in page  # no way off the page, which has what was sent


def test_it_speaks_the_visitors_language_and_forgets_it(client: Client) -> None:
    switch("on")
    for language in ("es", "en"):
        page = client.get("/", headers={"accept-language": language}).content.decode()
        assert f'<html lang="{language}"' in page


def test_the_liveness_check_keeps_working(client: Client) -> None:
    switch("on")
    assert client.get("/healthz").status_code == 200


def test_it_is_over_at_once_and_each_switch_may_come_twice(client: Client, db: None) -> None:
    for _ in range(2):
        switch("on")
    for _ in range(2):
        assert switch("off") == "The site is open.\n"
    assert client.get("/explore/").status_code == 200


def test_the_environment_closes_it_and_the_command_says_what_still_does(client: Client, settings: LazySettings) -> None:
    settings.MAINTENANCE = True
    assert client.get("/").status_code == 503
    with pytest.raises(CommandError, match="MAINTENANCE=1"):
        switch("off")


def test_an_unknown_switch_is_named() -> None:
    with pytest.raises(CommandError, match="'perhaps'"):
        switch("perhaps")
