"""A second process writes the largest files of a large archive: same bytes, same faults, nothing left behind."""

import errno
import os
import signal
import traceback
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import psutil
import pytest

from exports.formats import portable_files
from exports.formats.archive import write_archive
from exports.formats.child_process import ChildProcess
from exports.formats.zip_file import DigestingFile, ZipPart
from tests.exports.zip_files import PostRow, archive_bytes, rows, source
from tests.processes import has_ended
from tests.waiting import wait_until

pytestmark = pytest.mark.processes  # no database is used

POSTS = rows(*(f"=post <{number}>" for number in range(3_000)))


@pytest.fixture
def early(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the process begin with the second batch."""
    monkeypatch.setattr(portable_files, "CHILD_PROCESS_FROM", 500)


def processes() -> list[psutil.Process]:
    return psutil.Process().children()


def doubled(numbers: Iterator[int]) -> list[int]:
    return [2 * number for number in numbers]


def test_the_archive_is_the_same_byte_for_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    in_one_process = archive_bytes(POSTS)
    monkeypatch.setattr(portable_files, "CHILD_PROCESS_FROM", 500)
    assert archive_bytes(POSTS) == in_one_process


def test_a_small_archive_needs_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_work: object) -> None:
        raise AssertionError("a process was started")

    monkeypatch.setattr(portable_files, "ChildProcess", refuse)
    assert archive_bytes(POSTS)


def test_a_child_process_runs_its_work_in_order_and_ends() -> None:
    before = processes()
    side = ChildProcess(doubled)
    for number in range(5):
        side.send(number)
    assert side.result() == [0, 2, 4, 6, 8]
    side.discard()
    assert processes() == before


def test_a_fault_in_it_is_raised_here(early: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    here = os.getpid()
    write = ZipPart.write

    def full(part: ZipPart, data: bytes) -> int:
        if os.getpid() != here:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(part, data)

    monkeypatch.setattr(ZipPart, "write", full)
    before = processes()
    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)) as raised:
        write_archive(source(POSTS), DigestingFile(BytesIO()), tmp_path)
    assert raised.value.errno == errno.ENOSPC
    assert "in full" in "".join(traceback.format_exception(raised.value)), "staff should see where it happened"
    assert processes() == before


def test_its_death_is_reported(early: None, tmp_path: Path) -> None:
    before = processes()

    def posts() -> Iterator[PostRow]:
        for number, post in enumerate(POSTS):
            if number == 2_000:
                [side] = set(processes()) - set(before)
                side.send_signal(signal.SIGKILL)
            yield post

    with pytest.raises(ChildProcessError, match="-9"):
        write_archive(source(posts(), expected=len(POSTS)), DigestingFile(BytesIO()), tmp_path)
    assert processes() == before


def test_a_writer_that_is_stopped_leaves_no_process(early: None, tmp_path: Path) -> None:
    before = processes()

    def stop(done: int) -> None:
        if done >= 2_000:
            assert len(processes()) == len(before) + 1
            raise InterruptedError

    with pytest.raises(InterruptedError):
        write_archive(source(POSTS), DigestingFile(BytesIO()), tmp_path, stop)
    assert processes() == before


def test_it_ends_when_who_started_it_is_killed(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    parent = os.fork()
    if not parent:
        side = ChildProcess(doubled)
        side.send(1)
        os.write(writing, str(processes()[0].pid).encode())
        os.kill(os.getpid(), signal.SIGKILL)
    side_process = psutil.Process(int(os.read(reading, 20)))
    os.waitpid(parent, 0)
    wait_until(lambda: has_ended(side_process))


def test_signals_to_the_group_are_left_to_who_started_it() -> None:
    side = ChildProcess(doubled)
    side.send(1)
    [process] = [child for child in processes() if child.pid == side._process.pid]
    wait_until(lambda: is_ignoring(process, signal.SIGTERM))
    process.terminate()
    side.send(2)
    assert side.result() == [2, 4]
    side.discard()


def is_ignoring(process: psutil.Process, signum: int) -> bool:
    [line] = [line for line in Path(f"/proc/{process.pid}/status").read_text().splitlines() if "SigIgn" in line]
    return bool(int(line.split()[1], 16) >> (signum - 1) & 1)
