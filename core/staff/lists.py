"""Restrict the admin's lists to what they show.

Django lets a URL filter a list by any column of its table, shown or not, and by relations and primary keys of related
tables; and it offers actions without a permission to read-only staff. Either way, they could find out secrets
(`?sessions__session_key__gte=...`), or verify an address.
"""

import logging
from collections.abc import Iterator
from typing import Any, ClassVar

from django.contrib.admin import ModelAdmin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.contrib.auth import get_user_model
from django.core.exceptions import BadRequest, FieldDoesNotExist, ValidationError
from django.db import DataError, ProgrammingError
from django.db.models import Model
from django.db.models.constants import LOOKUP_SEP
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

logger = logging.getLogger(__name__)

NONSENSE = (ArithmeticError, LookupError, TypeError, ValueError, DataError, ProgrammingError)
"""What Django and the databases raise for an impossible value of a column."""

PREFIXES = "^=@"
"""Prefixes of columns in `search_fields`."""

PATTERNS = ("__regex", "__iregex")
"""Forbidden lookups: some patterns take hours."""

Path = tuple[str, ...]
"""The names of the relations from a model to a column, and of the column."""


class CarefulList(ChangeList):
    """A list that tolerates impossible values in its URL, such as the year 99999."""

    def get_results(self, request: HttpRequest) -> None:
        """Count and page the rows; after an impossible value, show the list without its filters.

        Django handles only errors that it finds before making the query.
        """
        try:
            super().get_results(request)
        except NONSENSE as error:
            if not self.params:
                raise
            logger.info("%s is asked for what no column can be", request.path, exc_info=True)
            raise IncorrectLookupParameters from error


class CarefulAdmin(ModelAdmin[Any]):
    """A list that can be filtered and searched by what it shows, and whose actions need a permission."""

    class Media:
        css: ClassVar[dict[str, list[str]]] = {"all": ["staff.css"]}

    def get_changelist(self, request: HttpRequest, **_kwargs: Any) -> type[ChangeList]:
        """Return the class of the list."""
        return CarefulList

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """Return whether the list may be filtered by a column: one that it shows, searches or offers as a filter."""
        asked = path_of(self.model, lookup)
        # A name that is no column is a filter's, or matches nothing.
        is_open = not asked or asked in self.open_paths(request)
        return is_open and not lookup.endswith(PATTERNS) and super().lookup_allowed(lookup, value, request)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Return the row; treat an empty `?_to_field=` as none."""
        return super().get_object(request, object_id, from_field or None)

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        """Return the columns to search: shown ones, and of other tables those that these staff may see."""
        return [name for name in super().get_search_fields(request) if self._may_search(request, name)]

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Return the actions; one without a permission of its own needs that to change the rows."""
        actions: dict[str, Any] = super().get_actions(request)
        may_change = self.has_change_permission(request)
        return {
            name: action for name, action in actions.items() if may_change or hasattr(action[0], "allowed_permissions")
        }

    def response_action(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse | None:
        """Run an action; raise BadRequest for an impossible primary key."""
        for key in request.POST.getlist(ACTION_CHECKBOX_NAME):
            if not can_be_key(self.model, key):
                message = _("%(key)s isn't in this list. Reload the list and choose again.")
                raise BadRequest(message % {"key": key[:40]})
        return super().response_action(request, *args, **kwargs)

    def _may_search(self, request: HttpRequest, name: str) -> bool:
        *relations, column = path_of(self.model, name.lstrip(PREFIXES))
        if not relations or (
            column == get_user_model().USERNAME_FIELD and tuple(relations) in self.open_paths(request)
        ):
            return True  # lists show members by name
        model: Any = self.model
        for relation in relations:
            model = model._meta.get_field(relation).related_model
        target = self.admin_site._registry.get(model)
        return (
            isinstance(target, CarefulAdmin)
            and target.has_view_permission(request)
            and (column,) in target.open_paths(request)
        )

    def open_paths(self, request: HttpRequest) -> set[Path]:
        """Return the columns that the list may be filtered by."""
        return {path_of(self.model, name) for name in self._open_names(request)}

    def _open_names(self, request: HttpRequest) -> Iterator[str]:
        yield "pk"
        yield from [self.date_hierarchy] if self.date_hierarchy else []
        yield from (name for name in self.get_list_display(request) if isinstance(name, str))
        yield from (name.lstrip(PREFIXES) for name in self.search_fields if LOOKUP_SEP not in name)
        filters = (entry[0] if isinstance(entry, (list, tuple)) else entry for entry in self.get_list_filter(request))
        yield from (name for name in filters if isinstance(name, str))


def can_be_key(model: type[Model], key: str) -> bool:
    """Return whether this is a possible primary key of the model."""
    try:
        model._meta.pk.clean(key, None)
    except ValidationError:
        return False
    return "\x00" not in key  # PostgreSQL refuses to look it up


def path_of(model: type[Model], lookup: str) -> Path:
    """Return the column path of a lookup such as `user__email__startswith`; empty without one.

    A primary key at the end of a relation is left out: it says no more than the relation.
    """
    path: list[str] = []
    before: Any = None
    for part in lookup.split(LOOKUP_SEP):
        field = _field(model, part)
        if field is None:
            break
        if not (before and getattr(field, "primary_key", False) and not before.auto_created):
            path.append(field.name)
        if not field.is_relation:
            break
        before, model = field, field.related_model
    return tuple(path)


def _field(model: type[Model], name: str) -> Any:
    """Return the model's field or relation with this name; None without one."""
    try:
        return model._meta.get_field(model._meta.pk.name if name == "pk" else name)
    except FieldDoesNotExist:
        return None
