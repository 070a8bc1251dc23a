"""Request, order and undo the deletion of an account; `erasure` erases it after ACCOUNT_DELETION_GRACE_DAYS days."""

import logging
from datetime import timedelta

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts.models import User

logger = logging.getLogger(__name__)


def deletion_request(*, user: User, session_key: str | None) -> bool:
    """Schedule the deletion, email the member, and end their sessions but this one; return False the second time.

    Staff accounts are kept: the log of their actions would be deleted, too.
    """
    due_at = timezone.now() + timedelta(days=settings.ACCOUNT_DELETION_GRACE_DAYS)
    with transaction.atomic():
        if not User.objects.filter(pk=user.pk, is_staff=False, deletion_due_at=None).update(deletion_due_at=due_at):
            return False
        user.sessions.exclude(session_key=session_key or "").delete()
    user.deletion_due_at = due_at
    _mail(user)
    return True


def deletion_order(*, user: User) -> bool:
    """Close the account now, for a worker to erase; return False the second time. It cannot be undone."""
    now = timezone.now()
    rows = User.objects.filter(pk=user.pk).exclude(is_active=False, deletion_due_at__lte=now)
    with transaction.atomic():
        if not rows.update(is_active=False, deletion_due_at=now):
            return False
        user.sessions.all().delete()
    return True


def deletion_undo(*, user: User) -> bool:
    """Cancel the deletion; return False without one, or if it is due: a worker may have begun it.

    An inactive member's has begun, too: the worker's clock may be ahead of this machine's.
    """
    rows = User.objects.filter(pk=user.pk, is_active=True, deletion_due_at__gt=timezone.now())
    if not rows.update(deletion_due_at=None):
        return False
    get_adapter().send_notification_mail("account/email/account_kept", user, {"user": user})
    return True


def _mail(user: User) -> None:
    """Email the member the date and how to undo it. Every page says it, too, so a failure to send is only logged."""
    if not user.email:
        return
    context = {
        "user": user,
        "due_at": user.deletion_due_at,
        "site_url": reverse("posts:timeline"),
        "exports_url": reverse("exports:list"),
        "password_url": reverse("account_change_password"),
    }
    try:
        get_adapter().send_mail("account/email/account_deletion", user.email, context)
    except Exception:  # whatever a mail backend raises
        logger.exception("Member %s could not be mailed that their account will be deleted", user.pk)
