"""The site on many machines: a short run of what `make hosts` does to all of them."""

import subprocess
import sys

import pytest
from django.conf import settings

from e2e.hosts.__main__ import CANNOT

pytestmark = [pytest.mark.long, pytest.mark.processes]


def test_a_worker_cut_off_during_an_export_loses_nothing() -> None:
    options = ["--hosts", "worker1", "--ways", "cut off", "--seconds", "12", "--members", "2"]
    result = subprocess.run(
        [sys.executable, "-m", "e2e.hosts", *options],
        cwd=settings.BASE_DIR,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if result.returncode == CANNOT:  # many containers can't create a network
        pytest.skip(result.stdout)
    assert result.returncode == 0, result.stdout
    assert "Every end condition holds." in result.stdout
