"""The files that docs/background-jobs.md names as the path of an export, compared with what runs."""

import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from django.conf import settings
from django.test import Client

LONGEST = 18


def test_an_export_runs_through_the_files_that_the_page_names(signed_in: Client, work: Callable[[], None]) -> None:
    page = (
        Path("docs/background-jobs.md").read_text(encoding="utf-8").partition("## One export, from click to email")[2]
    )
    named = re.findall(r"^\|.*?\| \[(\S+\.py)\]", page, re.MULTILINE)
    called = set()

    def note(frame: FrameType, event: str, _argument: Any) -> None:
        if event == "call":
            called.add(frame.f_code.co_filename)

    sys.setprofile(note)
    try:
        signed_in.post("/exports/")
        work()
    finally:
        sys.setprofile(None)
    assert [name for name in named if str(settings.BASE_DIR / name) not in called] == []
    assert 0 < len(named) <= LONGEST
