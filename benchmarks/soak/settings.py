"""The site's settings, with retention in minutes instead of days, so that data expires during the soak."""

import os

from microblog_project.settings import *  # noqa: F403
from microblog_project.settings import RQ_QUEUES

KEPT_FOR = float(os.environ["SOAK_KEPT_FOR"])  # seconds
EXPORT_RETENTION_DAYS = EXPORT_TASK_RETENTION_DAYS = NOTIFICATION_RETENTION_DAYS = KEPT_FOR / 86_400  # type: ignore[assignment]
for queue in RQ_QUEUES.values():
    queue["DEFAULT_RESULT_TTL"] = int(KEPT_FOR)
