"""The lists of an archive that have no form of their own: `{"name": [record, ...]}`, one a file."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from accounts.member_data import Table


@dataclass(frozen=True, slots=True)
class RecordList:
    """One list."""

    file: str
    """Its name in the archive."""
    name: str
    """Of the list, and of its count in the manifest."""
    records: Iterable[dict[str, Any]]
    """JSON types, and aware times."""
    table: Table | None = None
    """How people see them."""
