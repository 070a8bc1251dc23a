"""Every check, in the order in which the doctor tells of them."""

from operations.doctor.archives import check_archive_storage
from operations.doctor.assets import check_assets
from operations.doctor.configuration import check_settings
from operations.doctor.database import check_database
from operations.doctor.findings import Check
from operations.doctor.machine import check_machine
from operations.doctor.mail import check_mail
from operations.doctor.queue_server import check_queue_server
from operations.doctor.versions import check_versions
from operations.doctor.work import check_housekeeping, check_tasks, check_workers

CHECKS: tuple[Check, ...] = (
    check_settings,
    check_versions,
    check_machine,
    check_assets,
    check_database,
    check_queue_server,
    check_workers,
    check_tasks,
    check_housekeeping,
    check_archive_storage,
    check_mail,
)
