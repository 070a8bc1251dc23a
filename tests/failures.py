"""Diagnostics of a failed test: enough to understand it without running it again."""

from collections.abc import Generator, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from django.db import transaction

from exports.models import Archive
from tasks.models import Task

LONGEST = 20_000  # characters of each log, the last ones


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the logs of the test's processes and its exports to the report."""
    report = yield
    if report.failed:
        report.sections.extend(logs_of(item))
        # It may use no database, or have broken its transaction.
        with suppress(Exception), transaction.atomic():
            report.sections.append(("Exports", "\n".join(rows())))
    # pytest-xdist ends at once with half a character that a test has logged.
    report.sections = [(name, text.encode(errors="backslashreplace").decode()) for name, text in report.sections]
    return report


def logs_of(item: pytest.Item) -> Iterator[tuple[str, str]]:
    """Return the name and the end of each log in the test's folder."""
    folder = getattr(item, "funcargs", {}).get("tmp_path")
    for path in sorted(folder.glob("*.log")) if isinstance(folder, Path) else []:
        yield path.name, path.read_text(errors="replace")[-LONGEST:]


def rows() -> Iterator[str]:
    """Return the tasks and the archives of the test, one a line."""
    for model in (Task, Archive):
        for row in model.objects.order_by("pk").values():
            yield f"{model.__name__} {row}"
