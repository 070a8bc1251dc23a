"""`tools/bootstrap.py`, which needs nothing but Python, and tells what is wrong in one line."""

import ast
import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from microblog_project.embedded_server import BASE_DIR
from tests.programs import find_program

pytestmark = pytest.mark.processes

SCRIPT = BASE_DIR / "tools" / "bootstrap.py"


@pytest.fixture
def bootstrap(tmp_path: Path) -> ModuleType:
    """Return the script as a module, at work in `tmp_path`, with a lock of no packages."""
    spec = importlib.util.spec_from_file_location("bootstrap", SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.ROOT = tmp_path  # type: ignore[attr-defined]
    module.VENV = tmp_path / ".venv"  # type: ignore[attr-defined]
    module.PYTHON = module.VENV / "bin" / "python"  # type: ignore[attr-defined]
    (tmp_path / "requirements.txt").write_text("")
    return module


def test_an_old_python_can_parse_it() -> None:
    ast.parse(SCRIPT.read_text(), feature_version=(3, 6))


def test_without_a_new_enough_python_it_says_so_in_one_line(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with monkeypatch.context() as patch:
        patch.setattr(bootstrap.sys, "version_info", (3, 9, 2))
        with pytest.raises(SystemExit) as ending:
            bootstrap.use_a_new_enough_python()
    assert str(ending.value).startswith("Python 3.9 is too old: Microblog needs 3.11 or newer.")
    assert "\n" not in str(ending.value)


def test_an_old_python_hands_over_to_a_newer_one_on_the_path(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken, good = tmp_path / "python3.14", tmp_path / "python3.12"
    broken.write_text("#!/bin/sh\nexit 127\n")
    good.write_text("#!/bin/sh\nexit 0\n")
    for program in (broken, good):
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with monkeypatch.context() as patch:
        patch.setattr(bootstrap.os, "execv", lambda program, _arguments: sys.exit(program))
        patch.setattr(bootstrap.sys, "version_info", (3, 8, 1))
        with pytest.raises(SystemExit) as ending:
            bootstrap.use_a_new_enough_python()
    assert ending.value.code == str(good)


def test_a_missing_venv_module_is_told_with_debians_remedy(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = subprocess.CompletedProcess([], 1, "Error: ensurepip is not available.")
    monkeypatch.setattr(bootstrap, "run", lambda _command: failed)
    with pytest.raises(SystemExit) as ending:
        bootstrap.make_environment()
    assert "ensurepip is not available" in str(ending.value)
    assert "apt install python3-venv" in str(ending.value)


def test_a_package_that_cannot_be_fetched_is_told_in_one_line(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = (
        "WARNING: Retrying (Retry(total=4)) after connection broken by 'NewConnectionError('<at 0x7efd>: Failed: "
        "[Errno 111] Connection refused')': /simple/django/\nERROR: No matching distribution found for django\n"
    )
    monkeypatch.setattr(bootstrap, "run", lambda _command: subprocess.CompletedProcess([], 1, said))
    with pytest.raises(SystemExit) as ending:
        bootstrap.install(["requirements.txt"])
    assert "could not be installed: [Errno 111] Connection refused. Is the package index" in str(ending.value)
    assert "\n" not in str(ending.value)


def test_it_installs_once_and_again_when_the_lock_has_changed(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    installed: list[list[str]] = []
    bootstrap.VENV.mkdir()
    monkeypatch.setattr(bootstrap, "make_environment", lambda: None)
    monkeypatch.setattr(bootstrap, "install", installed.append)
    monkeypatch.setattr(bootstrap.sys, "argv", ["bootstrap.py"])
    bootstrap.main()
    bootstrap.main()
    assert installed == [["requirements.txt"]]
    (tmp_path / "requirements.txt").write_text("# another\n")
    bootstrap.main()
    assert installed == [["requirements.txt"]] * 2


def test_a_failed_installation_is_tried_again(bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    bootstrap.VENV.mkdir()
    monkeypatch.setattr(bootstrap, "make_environment", lambda: None)
    monkeypatch.setattr(bootstrap, "run", lambda _command: subprocess.CompletedProcess([], 1, "ERROR: no"))
    for _ in range(2):
        with pytest.raises(SystemExit):
            bootstrap.main()
    assert bootstrap.remembered("requirements.txt") == ""


def test_a_broken_environment_is_made_anew(bootstrap: ModuleType) -> None:
    bootstrap.PYTHON.parent.mkdir(parents=True)
    bootstrap.PYTHON.write_text("#!/bin/sh\nexit 1\n")
    bootstrap.PYTHON.chmod(0o755)
    bootstrap.make_environment()
    assert bootstrap.run([str(bootstrap.PYTHON), "-c", "import pip"]).returncode == 0


def test_make_help_lists_the_targets() -> None:
    make = find_program("make", package="make")
    result = subprocess.run([make, "help"], cwd=BASE_DIR, env=os.environ, capture_output=True, text=True, check=True)
    for target in ("run", "test", "lint", "lock", "format"):
        assert f"\n{target}\t" in f"\n{result.stdout}"
