"""`tools/bootstrap.py`, which needs nothing but Python, and tells what is wrong in one line."""

import ast
import fcntl
import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import PIPE, STDOUT
from types import ModuleType

import pytest

from development.embedded_server import BASE_DIR
from tests.programs import find_program

pytestmark = pytest.mark.processes

SCRIPT = BASE_DIR / "tools" / "bootstrap.py"


@pytest.fixture
def bootstrap(tmp_path: Path) -> ModuleType:
    """Return the script as a module that runs in `tmp_path` with an empty lock file."""
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


def refusal(command: Callable[..., None], *arguments: object) -> str:
    """Return the one line with which it refuses to go on."""
    with pytest.raises(SystemExit) as ending:
        command(*arguments)
    [line] = str(ending.value).splitlines()
    return line


def test_a_missing_venv_module_is_reported_with_debians_package(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = "ModuleNotFoundError: No module named 'ensurepip'"
    monkeypatch.setattr(bootstrap, "run", lambda _command: subprocess.CompletedProcess([], 1, said))
    line = refusal(bootstrap.make_environment)
    assert line.startswith("Python's venv module is not installed here.")
    assert "apt install python3-venv" in line


def test_another_failure_of_the_environment_is_reported_without_that_hint(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # A colon separates the folders of PATH: no environment can be in such a folder.
    monkeypatch.setattr(bootstrap, "VENV", tmp_path / "a:b" / ".venv")
    line = refusal(bootstrap.make_environment)
    assert "PATH separator" in line
    assert "apt install" not in line


@pytest.mark.parametrize(
    ("reason", "remedy"),
    [
        ("[Errno 28] No space left on device", "Make room"),
        ("[Errno 13] Permission denied: '/site/.venv/x'", "make it writable"),
        ("[Errno 30] Read-only file system: '/site/.venv/x'", "make it writable"),
        ("HTTPSConnectionPool(host='a', port=443): [Errno -2] Name or service not known", "Is the package index"),
    ],
)
def test_the_remedy_is_that_of_the_reason(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, reason: str, remedy: str
) -> None:
    said = f"WARNING: The directory '~/.cache/pip' is not writable.\nERROR: Could not install packages: {reason}\n"
    bootstrap.VENV.mkdir()
    monkeypatch.setattr(bootstrap, "run", lambda _command: subprocess.CompletedProcess([], 1, said))
    line = refusal(bootstrap.install, ["requirements.txt"])
    assert reason[reason.index("[Errno") :].partition(":")[0] in line
    assert remedy in line


def ran(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *command], capture_output=True, text=True, check=False)


INTERRUPTED = """
import runpy, signal, subprocess, sys
_name, script, program = sys.argv
run = subprocess.run
def interrupted(command, **options):
    if command[1:3] == ["-m", program]:
        signal.raise_signal(signal.SIGINT)
    return run(command, **options)
subprocess.run = interrupted
runpy.run_path(script, run_name="__main__")
"""


@pytest.mark.long
@pytest.mark.parametrize("program", ["venv", "pip"])
def test_ctrl_c_ends_it_with_a_word_and_the_next_run_continues(tmp_path: Path, program: str) -> None:
    script = tmp_path / "tools" / "bootstrap.py"
    script.parent.mkdir()
    script.write_bytes(SCRIPT.read_bytes())
    (tmp_path / "requirements.txt").write_text("")
    first = ran("-c", INTERRUPTED, str(script), program)
    assert first.returncode == 1
    assert first.stderr.strip() == "Stopped. Run it again to go on."
    second = ran(str(script))
    assert (second.returncode, second.stderr) == (0, "")
    assert "Creating .venv" in second.stdout  # what was interrupted is not trusted
    third = ran(str(script))
    assert (third.returncode, third.stdout) == (0, "")


def test_a_package_that_cannot_be_fetched_is_reported_in_one_line(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    bootstrap.VENV.mkdir()
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


def test_a_failed_installation_is_retried(bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    bootstrap.VENV.mkdir()
    monkeypatch.setattr(bootstrap, "make_environment", lambda: None)
    monkeypatch.setattr(bootstrap, "run", lambda _command: subprocess.CompletedProcess([], 1, "ERROR: no"))
    for _ in range(2):
        with pytest.raises(SystemExit):
            bootstrap.main()
    assert bootstrap.remembered("requirements.txt") == ""


def test_a_second_one_waits_until_the_first_has_ended(tmp_path: Path) -> None:
    script = tmp_path / "tools" / "bootstrap.py"
    script.parent.mkdir()
    script.write_bytes(SCRIPT.read_bytes())
    folder = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    with subprocess.Popen([sys.executable, script], stdout=PIPE, stderr=STDOUT, text=True) as second:
        assert second.stdout
        try:
            assert second.stdout.readline() == f"Waiting for another set-up of {tmp_path} to end ...\n"
            assert not (tmp_path / ".venv").exists()
            os.close(folder)  # as the end of the first does
            assert "requirements.txt" in second.stdout.readline()  # it has none here
        finally:
            second.kill()


@pytest.mark.long
def test_a_broken_environment_is_recreated(bootstrap: ModuleType) -> None:
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
