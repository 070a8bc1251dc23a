"""Entries of a member's feed: archives that are read, imports and undos that have ended."""

from collections.abc import Iterator

from django.urls import reverse

from accounts.models import User
from imports.services.uploads import JOBS
from notifications.feed import Entry, feed_source
from tasks.services.entries import task_entry, tasks_told


@feed_source
def import_entries(user: User) -> Iterator[Entry]:
    """Yield them, each with the page of its import."""
    for task in tasks_told(user, JOBS):
        yield task_entry(task, path=reverse("imports:import", args=[task.params["import"]]))
