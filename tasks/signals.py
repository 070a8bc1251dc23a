"""What the worker tells other apps."""

from django.dispatch import Signal

work_horse_killed = Signal()
"""Sent with `job_id`, of a task or of a `@background` function, when the process that ran it was killed."""
