"""`manage.py` itself: what it says where the site's packages are not, and when it is interrupted."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from development.embedded_server import BASE_DIR

pytestmark = pytest.mark.processes

SYSTEM_PYTHON = Path(sys.base_prefix, "bin", f"python{sys.version_info.major}.{sys.version_info.minor}")
INTERRUPTED = f"""
import runpy, signal, sys
import django.core.management
django.core.management.execute_from_command_line = lambda _argv: signal.raise_signal({int(signal.SIGINT)})
sys.argv = ["manage.py", "seed_demo"]
runpy.run_path("manage.py", run_name="__main__")
"""


def ran(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=BASE_DIR, capture_output=True, text=True, check=False)


def test_outside_of_the_virtual_environment_it_says_which_python_to_use() -> None:
    result = ran(SYSTEM_PYTHON, "-E", "-S", "manage.py", "migrate")  # without packages that this machine may have
    [line] = result.stderr.strip().splitlines()
    assert result.returncode == 1
    assert "Use .venv/bin/python manage.py migrate" in line


def test_ctrl_c_shows_no_traceback() -> None:
    result = ran(sys.executable, "-c", INTERRUPTED)
    assert (result.returncode, result.stderr) == (130, "\nStopped.\n")
