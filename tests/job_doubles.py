"""Test doubles for the site's jobs."""

from collections.abc import Callable
from typing import Any

import pytest

from exports.export_job import ExportJob
from exports.jobs import PostsExport
from tasks.job import Result
from tasks.registry import JOBS


def replace_run(monkeypatch: pytest.MonkeyPatch, run: Callable[[ExportJob], Any]) -> None:
    """Have the export of posts do this; it succeeds only if that returns a Result, as `PostsExport.run` does."""

    def run_double(job: ExportJob) -> Result:
        result = run(job)
        assert isinstance(result, Result), "The double has made nothing"
        return result

    double = type("PostsExportDouble", (PostsExport,), {"run": run_double})
    monkeypatch.setitem(JOBS, PostsExport.name, double)
