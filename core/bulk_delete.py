"""Delete many rows in small transactions, so that other writers never wait long for a lock."""

from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

BATCH_SIZE = 500
"""Rows deleted in one transaction, during which SQLite blocks all other writers."""

MAX_ROWS = 10_000
"""Rows deleted by one call, by default; the next call continues."""


def bulk_delete(
    rows: QuerySet[Any], *, with_each: Callable[[list[Any]], object] | None = None, at_most: int = MAX_ROWS
) -> int:
    """Delete up to `at_most` of `rows`; return their number, without the rows that were deleted by cascade.

    `with_each` gets the primary keys of each batch, in its transaction. Several workers may delete the same rows at
    once: each takes what no other has locked.
    """
    count = 0
    while count < at_most:
        with transaction.atomic():
            # Without an order, the database can use the index of the filter.
            free = rows.order_by().select_for_update(skip_locked=True)
            pks = list(free.values_list("pk", flat=True)[: min(BATCH_SIZE, at_most - count)])
            if not pks:
                break
            if with_each:
                with_each(pks)
            rows.model._base_manager.filter(pk__in=pks).delete()
        count += len(pks)
    return count
