"""A member leaves: they ask for it, and can undo it for ACCOUNT_DELETION_GRACE_DAYS days.

What happens then is not done here: it needs to know everything that is a member's (`exports.erasure`).
"""

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
    """Have the account deleted after the grace, and mail that; return False if it was asked for before.

    Staff's stays: the log of what they did would go with it. All the member's sessions end but the one under
    `session_key`.
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
    """Have a worker erase the account at its next housekeeping; return False if that has been ordered before.

    Nobody can use the account any more, nor undo it.
    """
    now = timezone.now()
    rows = User.objects.filter(pk=user.pk).exclude(is_active=False, deletion_due_at__lte=now)
    with transaction.atomic():
        if not rows.update(is_active=False, deletion_due_at=now):
            return False
        user.sessions.all().delete()
    return True


def deletion_undo(*, user: User) -> bool:
    """Keep the account; return False if it is not to be deleted, or if the grace is over: the end may have begun.

    It has begun for who is no longer active, too: the worker's clock may be ahead of this machine's.
    """
    rows = User.objects.filter(pk=user.pk, is_active=True, deletion_due_at__gt=timezone.now())
    if not rows.update(deletion_due_at=None):
        return False
    get_adapter().send_notification_mail("account/email/account_kept", user, {"user": user})
    return True


def _mail(user: User) -> None:
    """Tell when it happens and how to undo it; every page tells it as well, so that a mail server may be away."""
    if not user.email:
        return
    pages = {"site": "posts:timeline", "exports": "exports:list", "password": "account_change_password"}
    context = {f"{page}_url": reverse(name) for page, name in pages.items()}
    try:
        get_adapter().send_mail(
            "account/email/account_deletion", user.email, {"user": user, "due_at": user.deletion_due_at, **context}
        )
    except Exception:  # whatever a mail backend raises
        logger.exception("Member %s could not be mailed that their account will be deleted", user.pk)
