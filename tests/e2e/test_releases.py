"""Two releases side by side: what `make releases` does, on one database."""

import subprocess
import sys

import pytest
from django.conf import settings

from tests.programs import cannot_run
from tools.previous_release import NoPreviousReleaseError, previous_release

pytestmark = [pytest.mark.long, pytest.mark.processes]


def test_the_previous_release_and_this_one_work_side_by_side() -> None:
    try:
        previous_release()
    except NoPreviousReleaseError as error:
        cannot_run(str(error))
    result = subprocess.run(
        [sys.executable, "-m", "e2e.releases", "--database", "sqlite"],
        cwd=settings.BASE_DIR,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout
    assert "Every end condition holds." in result.stdout
