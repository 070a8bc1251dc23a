"""The two languages that a program makes: what is for programs stays, everything else shows that it was translated."""

import os
import re
import subprocess
import sys

import pytest
from django.conf import LazySettings
from django.test import Client
from django.utils import translation
from django.utils.translation import gettext, ngettext, npgettext, pgettext

from development.pseudo_locale import pseudo

SHOW = "from django.conf import settings; print([code for code, _name in settings.LANGUAGES])"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Sign in", "⟦Šîĝñ îñ ··⟧"),
        ("%(count)d posts, 5 %%", "⟦%(count)d þöšţš, 5 %% ·⟧"),
        ("{count} left", "⟦{count} ļéƒţ ·⟧".replace("ļ", "ĺ")),
        ('<a href="/x/">here</a>&nbsp;now', '⟦<a href="/x/">ĥéŕé</a>&nbsp;ñöŵ ··⟧'),
        ("See https://example.com/a", "⟦Šéé https://example.com/a ·⟧"),
        ("%s", "%s"),
        ("…", "…"),
    ],
)
def test_letters_get_accents_and_what_programs_read_stays(text: str, expected: str) -> None:
    assert pseudo(text) == expected


def test_a_text_gets_a_third_longer_and_can_break() -> None:
    text = "word " * 60
    assert pseudo(text).count("·") == 80
    assert max(len(word) for word in pseudo(text).split()) < 10


def test_right_to_left_turns_each_word_round() -> None:
    assert pseudo("Hi %s", right_to_left=True) == "⟦\u202eĤî\u202c %s ·⟧"


@pytest.mark.usefixtures("pseudo_locales")
def test_every_way_to_ask_for_a_text_is_answered() -> None:
    with translation.override("en-xa"):
        assert gettext("Never heard of") == pseudo("Never heard of")
        assert ngettext("%d day", "%d days", 1) == pseudo("%d day")
        assert ngettext("%d day", "%d days", 2) == pseudo("%d days")
        assert pgettext("month", "May") == pseudo("May")
        assert npgettext("time", "%d day", "%d days", 2) == pseudo("%d days")


@pytest.mark.usefixtures("pseudo_locales", "db")
def test_a_browser_may_ask_for_them(client: Client) -> None:
    page = client.get("/accounts/login/", headers={"accept-language": "en-XA"}).content.decode()
    assert re.search(r'<html lang="en-xa"\s+dir="ltr"', page)
    assert "bootstrap.min.css" in page
    assert pseudo("Sign in") in page
    page = client.get("/accounts/login/", headers={"accept-language": "ar-XB"}).content.decode()
    assert re.search(r'<html lang="ar-xb"\s+dir="rtl"', page)
    assert "bootstrap.rtl.min.css" in page
    assert "bootstrap.min.css" not in page
    assert pseudo("Sign in", right_to_left=True) in page


def test_pseudo_locales_are_offered_only_when_enabled(client: Client, db: None, settings: LazySettings) -> None:
    page = client.get("/accounts/login/", headers={"accept-language": "en-XA"}).content.decode()
    assert '<html lang="en"' in page


@pytest.mark.processes
@pytest.mark.parametrize(
    ("variables", "offered"),
    [({}, True), ({"SECRET_KEY": "a long one", "SITE_URL": "https://example.com"}, False)],
)
@pytest.mark.long
def test_they_are_for_development_only(variables: dict[str, str], offered: bool, settings: LazySettings) -> None:
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "microblog_project.settings", "PSEUDO_LOCALES": "1"}
    shown = subprocess.run(
        [sys.executable, "-c", f"import django; django.setup(); {SHOW}"],
        cwd=settings.BASE_DIR,
        env=environment | variables,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ("ar-xb" in shown.stdout) is offered
