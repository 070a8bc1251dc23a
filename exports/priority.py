"""Pages come before exports: who waits for a page looks at it, who waits for an export is told when it is there.

A worker's work-horses run at the nice value EXPORT_NICENESS. Where Linux shares processors between sessions first and
only then within each (sched_autogroup: whatever systemd or a container did not put into a group of its own), that of
the worker's session counts, too. Between groups the share is the group's: CPUWeight and cpu_shares in `deploy/`.
"""

import logging
import os
from pathlib import Path

from django.conf import settings

logger = logging.getLogger(__name__)

LARGE = 5
"""So much nicer is a large export's work-horse: it gets a third of what a small one gets."""
AUTOGROUP = Path("/proc/self/autogroup")


def session_gives_way() -> None:
    """Let other sessions go first, if this process leads its session: then nobody else is in it."""
    if os.getsid(0) != os.getpid() or not AUTOGROUP.exists():
        return
    try:
        AUTOGROUP.write_text(str(settings.EXPORT_NICENESS))
    except OSError:  # forbidden in some sandboxes; exports then compete with pages, and nothing else is lost
        logger.warning("This worker has the same share of the processors as the web server", exc_info=True)


def work_horse_gives_way(*, is_large: bool) -> None:
    """Let the web server and the worker itself go first."""
    os.nice(settings.EXPORT_NICENESS + (LARGE if is_large else 0))
