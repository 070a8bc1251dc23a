"""Erase accounts that are due for deletion, from the database, the storage and the queue.

Several workers may repeat every step at once: the first closes the account, the next ends its jobs, then apps delete
what is outside the database, and last the member's row is deleted, by which a worker finds the account again. Each app
receives the signals in a module `erasure` of its own.
"""

import logging
import sys
from collections.abc import Iterator
from functools import partial
from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import models, transaction
from django.db.models import QuerySet
from django.dispatch import Signal
from django.utils import timezone

from accounts.models import Session, User
from core.bulk_delete import bulk_delete

logger = logging.getLogger(__name__)

account_closing = Signal()
"""Sent with `user`: end their jobs. Raise AccountInUseError while one is running."""

account_erasing = Signal()
"""Sent with `user`, whose jobs have ended: delete what is outside the database, and correct what others see."""


class AccountInUseError(Exception):
    """The account cannot be erased yet; the next run retries."""


def accounts_due() -> QuerySet[User]:
    """Return the members whose deletion is due."""
    return User.objects.filter(deletion_due_at__lte=timezone.now())


def accounts_erase() -> int:
    """Erase the accounts that are due; return how many were erased. The next run retries the others."""
    count = 0
    for user in accounts_due():
        try:
            count += account_erase(user=user)
        except AccountInUseError as reason:
            logger.info("Member %s cannot be erased yet: %s", user.pk, reason)
        except Exception:  # whatever a storage raises
            logger.exception("Member %s could not be erased; the next run retries", user.pk)
    return count


def account_erase(*, user: User) -> bool:
    """Erase an account that is due; return False if its member has cancelled the deletion.

    Raises AccountInUseError, and what a storage raises when it is unavailable.
    """
    if not accounts_due().filter(pk=user.pk).update(is_active=False):
        return False
    Session.objects.filter(user=user).delete()
    account_closing.send(User, user=user)
    account_erasing.send(User, user=user)
    for rows in belongings(user):
        bulk_delete(rows, with_each=partial(_delete_log_entries, rows.model), at_most=sys.maxsize)
    logger.info("Member %s is erased, as they asked", user.pk)
    with transaction.atomic():
        _delete_log_entries(User, [user.pk])
        user.delete()
    return True


def belongings(user: User) -> Iterator[QuerySet[Any]]:
    """Yield the rows of each model that cascade with the member's: there can be a million of them."""
    for relation in User._meta.get_fields(include_hidden=True):
        if isinstance(relation, models.ManyToOneRel) and relation.on_delete is models.CASCADE:
            yield relation.related_model._base_manager.filter(**{relation.field.name: user})


def _delete_log_entries(model: type[models.Model], pks: list[Any]) -> None:
    """Delete the admin's log entries of these rows, which name or even quote them."""
    content_type = ContentType.objects.get_for_model(model)
    LogEntry.objects.filter(content_type=content_type, object_id__in=map(str, pks)).delete()
