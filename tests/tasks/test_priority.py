"""Workers give pages priority, even when several run under any user."""

import os
import shutil
import subprocess
import sys

import pytest
from django.conf import settings

from tasks.queue.priority import AUTOGROUP

TOGETHER = 6
CODE = """
from django.conf import settings
settings.configure(EXPORT_NICENESS=7)
from tasks.queue.priority import AUTOGROUP, lower_session_priority
lower_session_priority()
print(AUTOGROUP.read_text())
"""
# Root may write as often as it likes, unless it gives up that right.
UNPRIVILEGED = [] if os.geteuid() else ["setpriv", "--bounding-set=-sys_admin"]

pytestmark = pytest.mark.processes


@pytest.mark.skipif(not AUTOGROUP.exists(), reason="This system does not share its processors between sessions.")
@pytest.mark.skipif(not shutil.which("setpriv"), reason="No setpriv on this machine; on Debian: apt install util-linux")
def test_unprivileged_workers_that_start_together_all_lower_their_priority() -> None:
    command = [*UNPRIVILEGED, sys.executable, "-c", CODE]
    options = {"cwd": settings.BASE_DIR, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    started = [subprocess.Popen(command, start_new_session=True, **options) for _ in range(TOGETHER)]  # type: ignore[call-overload]
    said = [process.communicate(timeout=60) for process in started]
    assert [(words.rpartition(" nice ")[2].strip(), errors) for words, errors in said] == [("7", "")] * TOGETHER
