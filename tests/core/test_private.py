"""The site's files are private to its user, regardless of the shell's umask and the owner of VAR_DIR."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.private import make_private
from development.embedded_server import BASE_DIR

pytestmark = pytest.mark.processes


def modes_below(folder: Path, forbidden: int) -> list[str]:
    """Return the paths in `folder`, itself too, that have one of the `forbidden` permissions."""
    return [str(path) for path in (folder, *folder.rglob("*")) if path.lstat().st_mode & forbidden]


def manage(var_dir: Path, *command: str, **variables: str) -> None:
    subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=BASE_DIR,
        env={"PATH": os.environ["PATH"], "VAR_DIR": str(var_dir), **variables},
        umask=0o022,
        check=True,
        capture_output=True,
    )


@pytest.fixture(autouse=True)
def usual_umask() -> Iterator[None]:
    """Have the umask that most machines give to everybody."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def old_folder(place: Path) -> Path:
    """Return a folder as a release before this rule has left it."""
    for name in ("db.sqlite3", "db.sqlite3-wal", "mail/1.log", "exports/1/a/posts.json", "static/base.css", "tmp/x"):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text("")
    return place


@pytest.mark.long
def test_all_that_commands_write_is_private(tmp_path: Path) -> None:
    var_dir = tmp_path / "var"
    manage(var_dir, "migrate", "--verbosity=0")
    manage(var_dir, "seed_demo", "--verbosity=0")
    manage(var_dir, "maintenance", "on")
    manage(var_dir, "export_posts", "demo", "--output", str(tmp_path / "posts.json"))
    for place in (var_dir, tmp_path / "posts.json"):
        assert place.exists()
        assert modes_below(place, 0o077) == []


def test_static_files_are_for_the_web_server_to_read(tmp_path: Path) -> None:
    collected = tmp_path / "var" / "static"
    manage(tmp_path / "var", "collectstatic", "--noinput", SECRET_KEY="k" * 60)
    manage(tmp_path / "var", "check")
    assert (tmp_path / "var").stat().st_mode & 0o077 == 0  # made by the site, and nobody else's to pass through
    assert [path for path in (collected, *collected.rglob("*")) if not path.stat().st_mode & 0o004] == []


def test_a_translation_is_as_readable_as_its_source(tmp_path: Path) -> None:
    # A checkout can be set up by root, and used by somebody else.
    source = tmp_path / "es/LC_MESSAGES/django.po"
    source.parent.mkdir(parents=True)
    source.write_text('msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8"\n')
    compile_ = f"from core.translations import *; compile_messages(Path({str(tmp_path)!r}))"
    manage(tmp_path / "var", "shell", "-c", compile_)
    assert source.with_suffix(".mo").stat().st_mode & 0o777 == 0o644


def test_a_folder_from_before_is_closed_with_everything_in_it(tmp_path: Path) -> None:
    folder = old_folder(tmp_path / "var")
    (folder / "static").rename(tmp_path / "static")
    make_private(folder, static=folder / "static")
    assert modes_below(folder, 0o077) == []


def test_files_that_a_web_server_reads_stay_readable(tmp_path: Path) -> None:
    folder = old_folder(tmp_path / "var")
    make_private(folder, static=folder / "static")
    assert folder.stat().st_mode & 0o777 == 0o711
    assert (folder / "static/base.css").stat().st_mode & 0o777 == 0o644
    assert modes_below(folder / "exports", 0o077) == modes_below(folder / "mail", 0o077) == []


def test_archives_that_nginx_sends_stay_readable_by_its_group(tmp_path: Path) -> None:
    folder = old_folder(tmp_path / "var")
    make_private(folder, static=tmp_path / "elsewhere", sent_by_proxy=[folder / "exports"])
    assert folder.stat().st_mode & 0o777 == 0o750
    assert (folder / "exports/1/a/posts.json").stat().st_mode & 0o777 == 0o640
    assert (folder / "db.sqlite3").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("mode", [0o700, 0o750, 0o1777])
def test_a_folder_that_is_closed_on_purpose_or_shared_is_left_alone(tmp_path: Path, mode: int) -> None:
    folder = old_folder(tmp_path / "var")
    folder.chmod(mode)
    make_private(folder, static=tmp_path / "elsewhere")
    assert folder.stat().st_mode & 0o7777 == mode
    assert (folder / "tmp/x").stat().st_mode & 0o777 == 0o644


def test_a_folder_that_holds_the_code_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = old_folder(tmp_path / "home")
    monkeypatch.setattr("core.private.BASE_DIR", folder / "microblog")
    make_private(folder, static=tmp_path / "elsewhere")
    assert folder.stat().st_mode & 0o777 == 0o755


def test_links_are_not_followed(tmp_path: Path) -> None:
    folder = old_folder(tmp_path / "var")
    (tmp_path / "public").mkdir()
    (folder / "link").symlink_to(tmp_path / "public")
    make_private(folder, static=tmp_path / "elsewhere")
    assert (tmp_path / "public").stat().st_mode & 0o777 == 0o755
