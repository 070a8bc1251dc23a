"""Programs that not every machine has."""

import shutil

import pytest

from tests.environment import IN_CI


def find_program(name: str, *, package: str) -> str:
    """Return the path of a program; without it the test is skipped, and fails in CI, which installs it."""
    if found := shutil.which(name, path="/usr/local/sbin:/usr/sbin:/sbin") or shutil.which(name):
        return found
    reason = f"No {name} on this machine; on Debian: apt install {package}"
    if IN_CI:
        pytest.fail(reason)
    pytest.skip(reason)
