"""Programs that not every machine has."""

import shutil
from typing import NoReturn

import pytest

from tests.environment import IN_CI


def find_program(name: str, *, package: str) -> str:
    """Return the path of a program; without it the test is skipped, and fails in CI, which installs it."""
    found = shutil.which(name, path="/usr/local/sbin:/usr/sbin:/sbin") or shutil.which(name)
    return found or cannot_run(f"No {name} on this machine; on Debian: apt install {package}")


def cannot_run(reason: str) -> NoReturn:
    """Skip the test for what this machine lacks; in CI, which installs everything that is needed, let it fail."""
    if IN_CI:
        pytest.fail(reason)
    pytest.skip(reason)
