"""A process beside a worker, forked from it, that ends with it however it ends."""

import ctypes
import logging
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn

logger = logging.getLogger(__name__)

STOPS = (signal.SIGINT, signal.SIGTERM)
NAME = "rq-companion"
"""What `ps` and `top` call it on Linux; at most 15 bytes."""
LOOK_EVERY = 0.005  # seconds
PR_SET_PDEATHSIG, PR_SET_NAME = 1, 15


class Companion:
    """One such process. It does what it is made for until it is told to stop, by SIGTERM."""

    def __init__(self, live: Callable[[], object]) -> None:
        """Fork it; there `live` is called, and with that it ends. Raises OSError if no process can be had.

        Call it in the main thread, with no connection open that the two would share.
        """
        self._is_over = False
        self._was_told = False
        parent = os.getpid()
        # Until it has put the parent's signal handlers away: they would stop what the parent has at work.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
        try:
            self._pid = os.fork()
            if not self._pid:
                _live(live, parent)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def tell_to_stop(self) -> None:
        """Tell it to stop as soon as what it does is done; once, since the second signal has another meaning."""
        if not self._was_told:
            self.hurry()

    def hurry(self) -> None:
        """Tell it to stop; if it was told before, at once."""
        self._was_told = True
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it, whatever it does."""
        self._signal(signal.SIGKILL)

    def has_ended(self, *, within: float = 0) -> bool:
        """Return whether it has ended, or does within so many seconds."""
        deadline = time.monotonic() + within
        while not self._look() and time.monotonic() < deadline:
            time.sleep(LOOK_EVERY)
        return self._is_over

    def _look(self) -> bool:
        if not self._is_over:
            try:
                self._is_over = os.waitpid(self._pid, os.WNOHANG)[0] != 0
            except ChildProcessError:
                self._is_over = True
        return self._is_over

    def _signal(self, signum: signal.Signals) -> None:
        # Once it has been waited for, its number can be another's.
        if not self._is_over:
            with suppress(ProcessLookupError):
                os.kill(self._pid, signum)


def _live(live: Callable[[], object], parent: int) -> NoReturn:
    try:
        for signum in STOPS:
            signal.signal(signum, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
        os.setpgrp()  # Ctrl-C in a terminal is for the parent, which tells
        _end_with(parent)
        live()
    except Exception:
        logger.exception("A companion of process %s ended", parent)
    finally:
        os._exit(0)


def _end_with(parent: int) -> None:
    """Have Linux tell this process to stop when its parent dies. Elsewhere it has to look itself."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        libc.prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM))
        libc.prctl(PR_SET_NAME, NAME.encode())
    if os.getppid() != parent:  # it died before we asked
        os._exit(1)
