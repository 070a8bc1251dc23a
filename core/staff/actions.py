"""Admin actions that ask for confirmation, run on each row, and log it."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.utils import model_ngettext
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _

MAX_ROWS = 500
"""Rows in one action: each is processed and logged while the browser waits."""

FROM_PAGE = "from_page"
"""The form field of an action on a row's own page instead of the list."""


@dataclass(frozen=True)
class StaffAction:
    """An action on rows of a model."""

    name: str
    """The name of the admin action."""
    title: str | Promise
    consequence: str | Promise
    """What it means for members, in a sentence or two."""
    log: str
    """The log's message for each row, in English and marked for translation."""
    left: Callable[[Sequence[Any]], dict[Any, str]]
    """Returns, by primary key, why some of the rows would be skipped."""
    act: Callable[[Any, Any], bool]
    """Processes a row for a staff member; returns whether that was still possible."""
    is_erasure: bool = False
    """Whether the log entry must outlive the row: then it names only the row's number."""


def ask_and_act(
    model_admin: ModelAdmin[Any], request: HttpRequest, rows: QuerySet[Any], action: StaffAction
) -> HttpResponse | None:
    """Show which rows the action would process or skip, and why; run it once confirmed.

    Afterwards, return to the list (None), or redirect to the page of the only row.
    """
    chosen = list(rows[: MAX_ROWS + 1])
    if len(chosen) > MAX_ROWS:
        text = _("Select at most %(count)d at a time.") % {"count": MAX_ROWS}
        model_admin.message_user(request, text, messages.WARNING)
        return None
    left = action.left(chosen)
    todo = [row for row in chosen if row.pk not in left]
    if request.POST.get("post") == "yes":
        reasons = [str(reason) for reason in left.values()]
        done = 0
        for row in todo:
            if act_and_log(request.user, row, action):
                done += 1
            else:
                reasons.append(_("it has just changed"))
        _tell(model_admin, request, done, Counter(reasons))
        return redirect(page) if (page := _page_of_row(model_admin, request, chosen)) else None
    context = {
        **model_admin.admin_site.each_context(request),
        "title": action.title,
        "opts": model_admin.opts,
        "action": action,
        "todo": todo,
        "left": [(row, left[row.pk]) for row in chosen if row.pk in left],
        "checkbox_name": ACTION_CHECKBOX_NAME,
        "back": _page_of_row(model_admin, request, chosen),
    }
    return TemplateResponse(request, "admin/staff_action.html", context)


def _page_of_row(model_admin: ModelAdmin[Any], request: HttpRequest, rows: Sequence[Model]) -> str:
    """Return the address of the row's page if the action came from it, else ""."""
    if FROM_PAGE not in request.POST or len(rows) != 1:
        return ""
    opts = model_admin.opts
    return reverse(f"admin:{opts.app_label}_{opts.model_name}_change", args=[rows[0].pk])


def act_and_log(user: Any, row: Model, action: StaffAction) -> bool:
    """Process a row and log it in one transaction; return whether that was possible."""
    with transaction.atomic():
        if not action.act(row, user):
            return False
        action_log(user, row, action.log, is_erasure=action.is_erasure)
    return True


def action_log(user: Any, row: Model, words: str, *, is_erasure: bool = False) -> None:
    """Log what a staff member did to a row."""
    LogEntry.objects.create(
        user=user,
        content_type=ContentType.objects.get_for_model(row),
        # An erasure deletes the log entries with its rows' ids.
        object_id=None if is_erasure else str(row.pk),
        object_repr=f"#{row.pk}" if is_erasure else str(row)[:200],
        action_flag=CHANGE,
        change_message=words,
    )


def _tell(model_admin: ModelAdmin[Any], request: HttpRequest, done: int, reasons: Counter[str]) -> None:
    if done:
        text = _("Done: %(count)d %(items)s.") % {"count": done, "items": model_ngettext(model_admin.opts, done)}
        model_admin.message_user(request, text, messages.SUCCESS)
    for reason, count in reasons.items():
        items = model_ngettext(model_admin.opts, count)
        text = _("Skipped: %(count)d %(items)s (%(reason)s).")
        model_admin.message_user(request, text % {"count": count, "items": items, "reason": reason}, messages.WARNING)
    if not done and not reasons:
        text = _("Nothing changed: the selected items are no longer in this list.")
        model_admin.message_user(request, text, messages.WARNING)
