"""The model of health: what a check is, whatever it looks at."""

from collections.abc import Iterator

import pytest
from django.apps import apps
from django.conf import LazySettings

from core.health import CHECKS, Check, Finding, Status, check, failing, ok, warning, worst
from core.texts import masked


def test_a_check_is_as_bad_as_the_worst_that_it_finds() -> None:
    assert worst([ok(), warning("w", "h"), failing("f", "h"), ok()]) is Status.FAILING
    assert worst([ok(), warning("w", "h")]) is Status.WARNING
    assert worst([]) is Status.OK


def test_a_check_that_finds_nothing_is_ok() -> None:
    assert Check("empty", list).run() == [ok()]


def test_an_exception_is_a_failure_with_the_hint_of_the_check_and_what_was_found_before_it_stays() -> None:
    def breaks() -> Iterator[Finding]:
        yield warning("smoke", "Open a window.")
        raise RuntimeError("on\nfire")

    smoke, fire = Check("kitchen", breaks, "Call someone.").run()
    assert smoke.status is Status.WARNING
    assert (fire.status, fire.text, fire.hint) == (Status.FAILING, "RuntimeError: on fire", "Call someone.")
    assert isinstance(fire.error, RuntimeError)


def test_a_decorated_function_is_all_that_a_new_check_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.health.CHECKS", known := dict(CHECKS))

    @check("new", deep=True)
    def look() -> list[Finding]:
        return [ok("fine")]

    assert (known["new"].run(), known["new"].deep) == ([ok("fine")], True)


def test_every_app_s_checks_are_found() -> None:
    modules = {found.look.__module__ for found in CHECKS.values()}
    assert {"core.checks", "tasks.checks", "exports.checks", "posts.checks", "operations.checks"} <= modules
    assert all(apps.is_installed(module.partition(".")[0]) for module in modules)


def test_no_check_reports_a_secret(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.SECRET_KEY = "k" * 50
    monkeypatch.setenv("ANYMAIL_POSTMARK_SERVER_TOKEN", "token/1")
    quoted = f"{'k' * 50} at redis://:pw@host, smtp://anna:pw@host, token/1 or token%2F1"
    assert masked(quoted) == "*** at redis://:***@host, smtp://anna:***@host, *** or ***"
    [found] = Check("leaky", lambda: [failing(quoted, quoted)]).run()
    assert found.text == found.hint == masked(quoted)
