"""Looking at processes that may end meanwhile."""

import psutil


def has_ended(process: psutil.Process) -> bool:
    """Return whether the process is gone, or has nothing left but its exit status."""
    try:
        return not process.is_running() or bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True
