"""Run checks: in parallel, each in a thread that may hang, or one by one in the caller's thread."""

import logging
import threading
import time
from collections.abc import Iterable, Iterator

from django.db import connections

from core.health import CHECKS, Check, Finding, Status, failing, worst

logger = logging.getLogger(__name__)

FRESH_FOR = 1.0
"""Seconds for which a result is reused: anyone may request `/readyz`, at any rate."""

Results = Iterator[tuple[Check, list[Finding]]]


class Run(threading.Thread):
    """One run of a check. As a daemon thread it doesn't keep the process alive when it hangs."""

    def __init__(self, check: Check) -> None:
        super().__init__(name=f"check-{check.name}", daemon=True)
        self.started_at = time.monotonic()
        self.findings: list[Finding] = []
        self._check = check

    def run(self) -> None:
        """Keep the findings."""
        try:
            self.findings = self._check.run()
        finally:
            connections.close_all()


_runs: dict[Check, Run] = {}
_lock = threading.Lock()
_problems: dict[str, Status] = {}


def run_side_by_side(checks: Iterable[Check], *, time_limit: float) -> Results:
    """Yield the findings of each check; one that takes longer than `time_limit` seconds is failing.

    A check that is still running is not started a second time.
    """
    for check, run in [(check, _started(check)) for check in checks]:
        run.join(max(0.0, run.started_at + time_limit - time.monotonic()))
        if run.is_alive():
            text = f"no answer in {time_limit:g} seconds"
            yield check, [failing(text, "Check that its host can be reached and that its disk responds.")]
        else:
            yield check, run.findings


def _started(check: Check) -> Run:
    with _lock:
        run = _runs.get(check)
        if run is None or (not run.is_alive() and time.monotonic() - run.started_at >= FRESH_FOR):
            run = _runs[check] = Run(check)
            run.start()
        return run


def run_quick() -> Results:
    """Yield the findings of the checks that are quick enough for a page, in this thread."""
    for check in [check for check in CHECKS.values() if not check.deep]:
        findings = check.run()
        log_change(check, findings)
        yield check, findings


def log_change(check: Check, findings: list[Finding]) -> None:
    """Log a changed status with its reason, which `/readyz` does not show."""
    status = worst(findings)
    with _lock:
        before, _problems[check.name] = _problems.get(check.name, Status.OK), status
    if status != before:
        reasons = " ".join(str(finding.text) for finding in findings if finding.status == status)
        error = next((finding.error for finding in findings if finding.error), None)
        logger.warning("Check %s: %s %s", check.name, status.label, reasons, exc_info=error)
