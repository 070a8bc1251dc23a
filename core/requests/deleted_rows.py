"""Respond with 404 if a row is deleted while a request uses it, such as a member who is being erased.

PostgreSQL checks foreign keys at the commit, so a request can find a member and still fail to refer to them.
"""

import logging

from django.core.exceptions import ObjectDoesNotExist
from django.db import DatabaseError, IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.deprecation import MiddlewareMixin
from django.utils.translation import gettext as _

logger = logging.getLogger(__name__)

FOREIGN_KEY_VIOLATION = "23503"
"""PostgreSQL's SQLSTATE."""


def is_vanished(error: BaseException | None) -> bool:
    """Return whether an error means that a row has just been deleted."""
    if isinstance(error, IntegrityError):
        cause = error.__cause__
        is_sqlites = getattr(cause, "sqlite_errorname", "") == "SQLITE_CONSTRAINT_FOREIGNKEY"
        return is_sqlites or getattr(cause, "sqlstate", "") == FOREIGN_KEY_VIOLATION
    # Django has no class of its own for the second before version 6.
    return isinstance(error, ObjectDoesNotExist) or (
        type(error) is DatabaseError and "did not affect any rows" in str(error)
    )


class DeletedRowsMiddleware(MiddlewareMixin):
    """Responds with 404 when a view fails because a row has just been deleted."""

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Return the page for a deleted row; None for any other error."""
        if not is_vanished(exception):
            return None
        logger.warning("A row was deleted while %s was answered", request.path, exc_info=exception)
        reason = _("This item has just been deleted.")
        return render(request, "404.html", {"reason": reason}, status=404)
