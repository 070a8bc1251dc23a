"""Pages come before jobs: members wait for a page, and are notified when a job is done.

A worker's work-horses run at the nice value EXPORT_NICENESS. Where Linux shares processors between sessions first and
only then within each (sched_autogroup: whatever systemd or a container did not put into a group of its own), that of
the worker's session counts, too. Between groups the share is the group's: CPUWeight and cpu_shares in `deploy/`.
"""

import logging
import os
import random
import time
from pathlib import Path

from django.conf import settings

logger = logging.getLogger(__name__)

LARGE_EXTRA_NICENESS = 5
"""How much nicer a large job's work-horse is: it gets a third of a small one's share."""
AUTOGROUP = Path("/proc/self/autogroup")
MAX_TRIES = 20
PAUSE_SECONDS = (0.1, 0.5)
"""The shortest and the longest pause between two tries, in seconds."""


def lower_session_priority() -> None:
    """Let other sessions go first, if this process leads its session: then nobody else is in it."""
    if os.getsid(0) != os.getpid() or not AUTOGROUP.exists():
        return
    try:
        _write_with_retries(str(settings.EXPORT_NICENESS))
    except OSError:  # forbidden in some sandboxes; jobs then compete with pages, and nothing else is lost
        logger.warning("This worker has the same share of the processors as the web server", exc_info=True)


def _write_with_retries(nice_value: str) -> None:
    """Write it, again if need be: Linux takes one such write in 0.1 s from all unprivileged processes together."""
    for tries_left in reversed(range(MAX_TRIES)):
        try:
            AUTOGROUP.write_text(nice_value)
        except BlockingIOError:
            if not tries_left:
                raise
            time.sleep(random.uniform(*PAUSE_SECONDS))  # noqa: S311 - workers that start together must not meet again
        else:
            return


def lower_job_priority(*, is_large: bool) -> None:
    """Let the web server and the worker itself go first."""
    os.nice(settings.EXPORT_NICENESS + (LARGE_EXTRA_NICENESS if is_large else 0))
