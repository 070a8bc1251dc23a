"""Erase a closed account's exports: no further email, no file left."""

from typing import Any

from django.dispatch import receiver

from accounts.closing.erasure import account_closing, account_erasing
from accounts.models import User
from exports.models import Archive, FailureEmail
from exports.models.archive import exports_storage
from exports.storage.files import ensure_there, file_remove, member_files, member_folder_remove
from tasks.erasure import ensure_not_running, remove_jobs


@receiver(account_closing)
def end_emails(*, user: User, **_signal: Any) -> None:
    """Cancel the member's emails; raise AccountInUseError while one is being sent."""
    Archive.objects.filter(user=user).update(mail_due_at=None)
    FailureEmail.objects.filter(task__user=user).update(mail_due_at=None)
    ensure_not_running(_email_jobs(user))


@receiver(account_erasing)
def remove_files(*, user: User, **_signal: Any) -> None:
    """Remove the files of the member's archives, and what crashed attempts left."""
    kept = list(Archive.objects.filter(user=user).kept().values_list("file", flat=True))
    if kept:
        ensure_there(exports_storage())
    for name in {*kept, *member_files(user.pk)}:
        file_remove(exports_storage(), name)
    member_folder_remove(user.pk)
    remove_jobs(_email_jobs(user))


def _email_jobs(user: User) -> set[str]:
    """Return the ids of the jobs that send the member's emails."""
    emails = [*Archive.objects.filter(user=user), *FailureEmail.objects.filter(task__user=user)]
    return {email.mail_job_id for email in emails}
