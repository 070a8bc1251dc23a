"""Pausing a queue: its tasks wait in the database until it's resumed, and are then queued by the recovery."""

from accounts.models import User
from tasks.models import QueuePause, TaskQueue


def queue_pause(queue: TaskQueue, *, by: User) -> QueuePause | None:
    """Pause the queue; return None if it was paused already."""
    pause, is_new = QueuePause.objects.get_or_create(queue=queue, defaults={"by": by})
    return pause if is_new else None


def queue_resume(queue: TaskQueue) -> QueuePause | None:
    """Resume the queue; return the pause that is over, None if there was none."""
    pause = QueuePause.objects.filter(queue=queue).first()
    count, _by_model = QueuePause.objects.filter(queue=queue).delete()
    return pause if count else None
