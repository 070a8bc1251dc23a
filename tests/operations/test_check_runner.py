"""Running checks side by side, each for a limited time, and what the log says of them."""

import threading
import time

import pytest

from core.health import Check, Finding, Status, failing, ok, worst
from operations import check_runner
from operations.check_runner import log_change, run_side_by_side


def statuses(*checks: Check, time_limit: float = 5.0) -> list[Status]:
    return [worst(findings) for _check, findings in run_side_by_side(checks, time_limit=time_limit)]


def test_a_check_that_hangs_delays_no_other_member_and_is_not_started_twice() -> None:
    runs: list[int] = []
    never = threading.Event()

    def hangs() -> list[Finding]:
        runs.append(1)
        never.wait()
        return []

    hanging, well = Check("hangs", hangs), Check("well", lambda: [ok()])
    assert statuses(hanging, well, time_limit=0.2) == [Status.FAILING, Status.OK]
    began = time.monotonic()
    assert statuses(hanging, well, time_limit=0.2) == [Status.FAILING, Status.OK]
    assert time.monotonic() - began < 0.2  # its time is over already
    assert runs == [1]
    never.set()


def test_a_result_is_used_again_for_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    runs: list[int] = []

    def look() -> list[Finding]:
        runs.append(1)
        return []

    check = Check("counted", look)
    for _ in range(5):
        statuses(check)
    assert runs == [1]
    monkeypatch.setattr(check_runner, "FRESH_FOR", 0.0)
    statuses(check)
    assert runs == [1, 1]


def test_a_status_is_logged_when_it_changes(caplog: pytest.LogCaptureFixture) -> None:
    check = Check("logged", list)
    error = RuntimeError("on fire")
    for findings in ([ok()], [failing("f", "h", error)], [failing("f", "h", error)], [ok()], [ok()]):
        log_change(check, findings)
    assert [record.message for record in caplog.records] == ["Check logged: failing f", "Check logged: ok "]
    assert caplog.records[0].exc_info
    assert caplog.records[0].exc_info[1] is error
