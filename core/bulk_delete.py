"""Deleting very many rows: in small transactions, so that nobody waits for their locks, and not without end."""

from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

BATCH = 500
"""Rows deleted in one transaction: SQLite lets nobody else write meanwhile."""

MOST = 10_000
"""Rows deleted by one call: what is left over is for the next housekeeping."""


def delete_in_batches(
    rows: QuerySet[Any], *, with_each: Callable[[list[Any]], object] | None = None, at_most: int = MOST
) -> int:
    """Delete `rows`, `at_most` so many; return their number, without what went along.

    `with_each` is called with the primary keys of each batch, in its transaction. Several workers may delete the same
    rows at once: each takes what no other has locked.
    """
    count = 0
    while count < at_most:
        with transaction.atomic():
            # Without an order the database is free to find them by the index of what they are chosen by.
            free = rows.order_by().select_for_update(skip_locked=True)
            pks = list(free.values_list("pk", flat=True)[: min(BATCH, at_most - count)])
            if not pks:
                break
            if with_each:
                with_each(pks)
            rows.model._base_manager.filter(pk__in=pks).delete()
        count += len(pks)
    return count
