"""The jobs in the queue that send emails: `exports.jobs` has their functions."""

from exports.models import Archive
from tasks.models import Task
from tasks.queue.client import function_enqueue

MAIL_PREFIX = "mail-"
"""Then the archive's id: the id of the job."""
FAILURE_MAIL_PREFIX = "failure-mail-"
"""Then the task's id."""


def delivery_enqueue(archive: Archive) -> None:
    """Queue the email of an archive, unless it is waiting in the queue already.

    Raises QueueUnavailableError.
    """
    # By name: the module with the functions imports what calls this.
    function_enqueue("exports.jobs.deliver_archive", archive.task_id, job_id=f"{MAIL_PREFIX}{archive.pk}")


def failure_mail_enqueue(task: Task) -> None:
    """Queue the email about a task's failure, unless it is waiting in the queue already.

    Raises QueueUnavailableError.
    """
    function_enqueue("exports.jobs.deliver_failure", task.pk, job_id=f"{FAILURE_MAIL_PREFIX}{task.pk}")
