"""The email about an export that failed for good: a member who closed the page would not learn of it otherwise."""

from typing import Any
from uuid import UUID

from django.core.mail import EmailMultiAlternatives
from django.utils import timezone

from accounts.settings.preferences import member_time
from core.humanize import moment_in_words
from core.links import page_url
from core.mail.messages import compose
from core.mail.sending import mail_send
from exports.delivery.sending import email_deliver, email_enqueue_on_commit
from exports.models import FailureEmail
from tasks.models import Task
from tasks.registry import JOBS, failure_text_of
from tasks.services.context import task_language


def failure_email_schedule(task: Task) -> None:
    """Have the email sent; call it in the failure's transaction."""
    email_enqueue_on_commit(FailureEmail.objects.create(task=task, mail_due_at=timezone.now()))


def failure_email_deliver(task_id: str) -> None:
    """Send the email if it is due, unless the member is gone or has requested another export of the kind since."""
    email_deliver(FailureEmail.objects.filter(task=UUID(task_id)), _send)


def _send(email: FailureEmail) -> tuple[EmailMultiAlternatives, dict[str, Any]]:
    task, schedule = email.task, email.schedule
    with task_language(task), member_time(task.member):
        context = {
            "username": task.member.username,
            "label": JOBS[task.name].label,
            "is_complete": getattr(JOBS[task.name], "is_recommended", False),
            "reason": failure_text_of(task),
            "exports_url": page_url("exports:list"),
            "schedule": schedule,
            "next": moment_in_words(schedule.next_at) if schedule and schedule.next_at else "",
        }
        identity = f"export-{task.pk}-failed"
        message = compose("exports/emails/failed", context, to=task.member.email, message_id=identity)
    mail_send(message)
    return message, {}
