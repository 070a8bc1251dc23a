"""The check of the search."""

import pytest
from django.db import connection

from core.health import Status
from tests.checks import status_of


def test_a_search_that_works_is_ok_and_one_without_its_table_fails(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    assert status_of("search") is Status.OK

    def refuse(*_arguments: object) -> None:
        raise RuntimeError("no such table")

    with connection.execute_wrapper(refuse):
        assert status_of("search") is Status.FAILING


def test_a_collation_that_is_missing_or_has_changed_is_reported(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("Only PostgreSQL sorts by ICU")
    for answer, status in [((1, False), Status.WARNING), ((0, None), Status.FAILING)]:
        monkeypatch.setattr("posts.checks.query", lambda _sql, answer=answer: answer)
        assert status_of("search") is status
