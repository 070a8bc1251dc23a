"""The checks of the installation: packages, collected files, and the machine."""

import json
from pathlib import Path

import pytest
from django.conf import LazySettings

from core.health import Status
from operations import checks
from tests.checks import hints_of, problems_of, status_of


def test_packages_that_differ_from_the_lock_are_named(settings: LazySettings, tmp_path: Path) -> None:
    assert status_of("packages") is Status.OK
    lock = "django==1.0 \\\n    --hash=sha256:0\nnowhere==2.0\ncolorama==1 ; sys_platform == 'win32'\nrq[extra]==0.1\n"
    (tmp_path / "requirements.txt").write_text(lock)
    settings.BASE_DIR = tmp_path
    [text] = problems_of("packages")
    for words in ("django 5", "nowhere is missing", "rq 3"):
        assert words in text
    assert "colorama" not in text  # not installed here, and not needed here


def test_static_files_have_to_be_collected_in_production_only(settings: LazySettings, tmp_path: Path) -> None:
    settings.STATIC_ROOT = tmp_path
    assert status_of("static files") is Status.FAILING
    assert "collectstatic" in hints_of("static files")
    (tmp_path / "staticfiles.json").write_text(json.dumps({"paths": {"old.css": "old.1.css"}}))
    assert status_of("static files") is Status.FAILING
    settings.DEBUG = True
    assert status_of("static files") is Status.OK


def test_a_translation_that_is_not_compiled_fails(settings: LazySettings, tmp_path: Path) -> None:
    assert status_of("translations") is Status.OK
    source = tmp_path / "es" / "LC_MESSAGES" / "django.po"
    source.parent.mkdir(parents=True)
    source.touch()
    settings.LOCALE_PATHS = [tmp_path]
    assert problems_of("translations") == ["not compiled: es"]


def test_a_folder_that_anybody_can_read_is_reported_in_production_only(settings: LazySettings, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path
    tmp_path.chmod(0o755)
    assert status_of("VAR_DIR") is Status.WARNING
    settings.DEBUG = True
    assert status_of("VAR_DIR") is Status.OK
    settings.DEBUG = False
    tmp_path.chmod(0o750)
    assert status_of("VAR_DIR") is Status.OK


def test_a_folder_that_cannot_be_written_fails(settings: LazySettings, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path / "nowhere"
    assert status_of("VAR_DIR") is Status.FAILING


def test_a_disk_that_is_nearly_full_is_reported(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.DEBUG = True
    monkeypatch.setattr(checks, "FREE_SHARE", 0.0)
    assert not [text for text in problems_of("machine") if "GB free" in text]
    monkeypatch.setattr(checks, "FREE_SHARE", 1.1)
    assert [text for text in problems_of("machine") if "GB free" in text]


def test_a_closed_machine_is_a_warning(settings: LazySettings, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path
    assert status_of("open") is Status.OK
    (tmp_path / "maintenance").touch()
    assert status_of("open") is Status.WARNING
