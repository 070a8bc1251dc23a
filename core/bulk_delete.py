"""Delete very many rows in small transactions, so that nobody waits long for their locks."""

from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

BATCH_SIZE = 500
"""Rows deleted in one transaction: meanwhile SQLite lets nobody else write."""

MAX_ROWS = 10_000
"""Rows deleted by one call, by default: the next one takes the rest."""


def bulk_delete(
    rows: QuerySet[Any], *, with_each: Callable[[list[Any]], object] | None = None, at_most: int = MAX_ROWS
) -> int:
    """Delete up to `at_most` of `rows`; return how many, not counting those that were deleted along with them.

    `with_each` gets the primary keys of each batch, in its transaction. Several workers may delete the same rows at
    once: each takes what no other has locked.
    """
    count = 0
    while count < at_most:
        with transaction.atomic():
            # Without an order the database is free to find them by the index of what they are chosen by.
            free = rows.order_by().select_for_update(skip_locked=True)
            pks = list(free.values_list("pk", flat=True)[: min(BATCH_SIZE, at_most - count)])
            if not pks:
                break
            if with_each:
                with_each(pks)
            rows.model._base_manager.filter(pk__in=pks).delete()
        count += len(pks)
    return count
