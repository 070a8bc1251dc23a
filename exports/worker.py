"""The worker that `manage.py rqworker default` runs: RQ's, plus the care of what deaths and time leave behind."""

import gc
import logging
import time
from typing import Any

from django.conf import settings
from django.db import connections
from django.utils.module_loading import import_string
from rq import Queue, Worker
from rq.exceptions import StopRequested
from rq.job import Job

from exports.services.expiry import archives_expire, archives_trim, leftovers_remove
from exports.services.kinds import KINDS
from exports.services.reconciliation import mails_reconcile, task_recover_from_worker, tasks_reconcile

logger = logging.getLogger(__name__)


class ExportWorker(Worker):
    """Reconciles and cleans up at its start, between jobs and while idle; after each job looks whether it died."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # `rqworker` has no option for it, and passes its own worker_ttl.
        super().__init__(*args, **{**kwargs, "maintenance_interval": 60})
        # Imported here once, and not by each work-horse anew: that took longer than all else from click to start.
        for kind in KINDS.values():
            import_string(kind.function)
        # What is there now is there to stay: a work-horse's garbage collection need not look at it, and copy it by that.
        gc.collect()
        gc.freeze()
        self._reconciled_at = float("-inf")
        self._cleaned_at = float("-inf")

    @property
    def dequeue_timeout(self) -> int:
        """Seconds an idle worker waits for a job before it looks after the others: RQ's own would be 405."""
        return max(1, int(min(settings.EXPORT_RECONCILE_INTERVAL, settings.EXPORT_HOUSEKEEPING_INTERVAL)))

    @property
    def connection_timeout(self) -> int:
        """Seconds after which a silent connection counts as broken."""
        return self.dequeue_timeout + 10

    @property
    def should_run_maintenance_tasks(self) -> bool:
        """Return whether RQ's own maintenance, our reconciliation or our housekeeping is due."""
        return self._reconciliation_is_due or self._housekeeping_is_due or super().should_run_maintenance_tasks

    @property
    def _reconciliation_is_due(self) -> bool:
        return time.monotonic() - self._reconciled_at >= settings.EXPORT_RECONCILE_INTERVAL

    @property
    def _housekeeping_is_due(self) -> bool:
        return time.monotonic() - self._cleaned_at >= settings.EXPORT_HOUSEKEEPING_INTERVAL

    def run_maintenance_tasks(self) -> None:
        """Reconcile, clean up, and do RQ's own maintenance, each when it is due."""
        if super().should_run_maintenance_tasks:
            super().run_maintenance_tasks()  # type: ignore[no-untyped-call]
        if self._reconciliation_is_due:
            self._reconciled_at = time.monotonic()
            self._safely(tasks_reconcile)
            self._safely(mails_reconcile)
        if self._housekeeping_is_due:
            self._cleaned_at = time.monotonic()
            for care in (archives_expire, archives_trim, leftovers_remove):
                self._safely(care)

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Run the job in a work-horse; if that died without a word, recover its task at once."""
        super().execute_job(job, queue)
        self._safely(task_recover_from_worker, task_id=job.id, worker=self.name)

    def _safely(self, care: Any, **arguments: Any) -> None:
        """Call `care`; an error is logged, since RQ would quit over it, and no connection outlives the call.

        A connection kept open here would be shared with the next work-horse that is forked.
        """
        try:
            care(**arguments)
        except StopRequested:
            raise  # the shutdown signal arrived just now
        except Exception:
            logger.exception("Worker %s: %s failed", self.name, care.__name__)
        finally:
            connections.close_all()
