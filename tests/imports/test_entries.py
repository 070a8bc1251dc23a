"""Entries come out of their file as they went in."""

from datetime import UTC, datetime

import pytest
from django.conf import LazySettings

from imports.archives.archive import ArchiveError
from imports.reader import Entry, Found, Kind, Skipped
from imports.reasons import Reason
from imports.services.entries import entries_file, kept, kept_batches

MOMENT = datetime(1901, 2, 3, 4, 5, 6, 789, tzinfo=UTC)
BATCHES: list[list[Entry]] = [
    [Found("1", MOMENT, "a\nb\x85\u2028c\ufffd🇺🇳", "https://a.example", Kind.REPLY, 10**19 - 1, 3, True)],
    [Skipped(Reason.BOOST, "https://b.example", MOMENT, "x"), Skipped(Reason.PRIVATE), Found("2", MOMENT, "d")],
]


def test_entries_come_back_in_their_batches() -> None:
    with entries_file() as file:
        assert list(kept(BATCHES, file)) == BATCHES
        file.seek(0)
        assert list(kept_batches(file)) == BATCHES


def test_an_archive_without_entries_has_no_batches() -> None:
    with entries_file() as file:
        assert list(kept([], file)) == []
        file.seek(0)
        assert list(kept_batches(file)) == []


def test_a_full_disk_ends_the_reading(settings: LazySettings) -> None:
    settings.EXPORT_FREE_SPACE_RESERVE = 2**63
    with entries_file() as file, pytest.raises(ArchiveError, match="too_large_inside"):
        list(kept(BATCHES, file))
