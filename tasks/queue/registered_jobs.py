"""Workers perform registered jobs only. Everything else that the queue server holds is data.

RQ unpickles what it finds in Redis, imports what a job names, and calls back, repeats and reports as the job says.
Whoever can write to Redis could run code in a worker, and in the dashboard too, which cleans up as it counts. RQ makes
job objects in many places, most of which take no class of ours: so its own class is changed, once. See
docs/decisions/0026-only-registered-jobs.md.
"""

import logging
import zlib
from typing import Any
from uuid import UUID

from django.conf import settings
from rq.exceptions import DeserializationError, NoSuchJobError
from rq.job import Job
from rq.logutils import colorizer
from rq.serializers import DefaultSerializer, JSONSerializer
from rq.utils import decode_redis_hash, import_attribute

from tasks.registry import function_named

logger = logging.getLogger(__name__)

FIELDS = frozenset(
    {
        *("data", "description", "meta", "origin", "status", "worker_name"),
        *("created_at", "enqueued_at", "started_at", "ended_at", "last_heartbeat"),
        *("failure_ttl", "result_ttl", "timeout", "ttl"),
    }
)
"""What is read of a job. Callbacks, webhooks, repeats, retries, dependencies and rate limits are not among it."""

MAX_FIELD_BYTES = 10_000
"""Bytes of a field, and of the data when it is unpacked: ours have hundreds. Zeros are packed a thousand to one."""

MAX_TTL_SECONDS = 31_536_000
"""Seconds that the queue server may keep what became of a job: a year. It refuses far longer times."""

MAX_LOGGED_CHARS = 200
"""Characters of an unregistered name that the log shows."""

_rq_restore = Job.restore


class UnregisteredJobError(Exception):
    """A job is not registered, or not in the form that this release writes."""


def harden_rq() -> None:
    """Have RQ neither unpickle nor import nor call what it finds in Redis; call it once, before RQ is used."""
    # RQ falls back on this class wherever no serializer is named: the dashboard's page of a worker names none.
    DefaultSerializer.dumps, DefaultSerializer.loads = JSONSerializer.dumps, JSONSerializer.loads
    Job.restore = _restore  # type: ignore[assignment, method-assign]
    colorizer.notty = True  # the logs show control characters as text: see `operations.logs`
    Job.func = property(_function)  # type: ignore[assignment, method-assign]


def job_refusal(job: Job) -> str:
    """Return why the job must not be performed, for the log; an empty string if it may be."""
    try:
        name, instance, arguments, options = job.func_name, job.instance, job.args, job.kwargs
    except DeserializationError:
        return "its data is not JSON of the expected form: an earlier release queued it, or a stranger"
    if function_named(name) is None:
        return f"{name!r:.{MAX_LOGGED_CHARS}} is not a registered job"
    if instance is not None or options or not _is_one_task_id(arguments):
        return "its only argument must be a task's id"
    return ""


def is_task_id(text: object) -> bool:
    """Return whether `text` is a task's id, in the form in which we write it."""
    try:
        return str(UUID(str(text))) == text
    except ValueError:
        return False


def _is_one_task_id(arguments: object) -> bool:
    return isinstance(arguments, list | tuple) and len(arguments) == 1 and is_task_id(arguments[0])


def _function(job: Job) -> Any:
    """Return the function of a registered job, in the place of `Job.func`; raise UnregisteredJobError for others."""
    if reason := job_refusal(job):
        raise UnregisteredJobError(f"Job {job.id} is refused: {reason}")
    return import_attribute(str(function_named(job.func_name)))


def _restore(job: Job, raw_data: Any) -> None:
    """Take over what FIELDS names, in the place of `Job.restore`; raise NoSuchJobError if that cannot be read."""
    fields = decode_redis_hash(raw_data)
    known = {name: value for name, value in fields.items() if name in FIELDS and len(value) <= MAX_FIELD_BYTES}
    try:
        if "data" in known:
            known["data"] = _unpacked(known["data"])
        _rq_restore(job, known)
    except NoSuchJobError:
        raise
    except Exception as error:  # whatever a value of the wrong type leads to
        logger.warning("Job %s cannot be read, and counts as lost", job.id, exc_info=True)
        raise NoSuchJobError(f"Job {job.id} cannot be read") from error
    if not isinstance(job.meta, dict):
        job.meta = {}
    for name in ("failure_ttl", "result_ttl", "ttl"):
        if not 0 <= (getattr(job, name) or 0) <= MAX_TTL_SECONDS:
            setattr(job, name, None)
    if job.timeout is None or job.timeout == -1 or job.timeout > settings.EXPORT_JOB_TIMEOUT:
        job.timeout = settings.EXPORT_JOB_TIMEOUT


def _unpacked(data: bytes) -> bytes:
    """Return the data of a job, which RQ packs, and takes unpacked as well; raise ValueError if it is too long."""
    unpacking = zlib.decompressobj()
    try:
        unpacked = unpacking.decompress(data, MAX_FIELD_BYTES)
    except zlib.error:
        return data
    if not unpacking.eof:
        raise ValueError(f"The data is cut short, or more than {MAX_FIELD_BYTES} bytes when it is unpacked.")
    return unpacked
