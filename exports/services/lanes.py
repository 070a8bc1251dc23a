"""Which exports are large. They wait in a queue of their own, so that nobody else waits behind them."""

from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from accounts.models import User
from exports.models import TaskLane
from exports.services.kinds import EXPORT_ARCHIVE, EXPORT_KINDS


def lane_of(*, user: User, name: str) -> TaskLane:
    """Return the lane of a task of that name, by how much the member has: no further looked at than it matters."""
    if name not in EXPORT_KINDS.values():
        return TaskLane.SMALL
    contents: list[QuerySet[Any]] = [user.posts.all()]
    if name == EXPORT_ARCHIVE:
        contents += [user.messages_sent.all(), user.messages_received.all()]
    return TaskLane.LARGE if any(map(_is_large, contents)) else TaskLane.SMALL


def _is_large(rows: QuerySet[Any]) -> bool:
    """Return whether there are EXPORT_LARGE_FROM rows: an index leads to that one, and no further."""
    last = settings.EXPORT_LARGE_FROM - 1
    return rows[last : last + 1].exists()
