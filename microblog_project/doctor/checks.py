"""Every check, in the order in which the doctor tells of them."""

from microblog_project.doctor.archives import check_archive_storage
from microblog_project.doctor.assets import check_assets
from microblog_project.doctor.configuration import check_settings
from microblog_project.doctor.database import check_database
from microblog_project.doctor.findings import Check
from microblog_project.doctor.machine import check_machine
from microblog_project.doctor.mail import check_mail
from microblog_project.doctor.queue_server import check_queue_server
from microblog_project.doctor.versions import check_versions
from microblog_project.doctor.work import check_backup, check_housekeeping, check_tasks, check_workers

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
    check_backup,
)
