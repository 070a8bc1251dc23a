"""Read-only rows in the admin."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest


class ReadOnlyAdmin(admin.ModelAdmin[Any]):
    """Shows every field as text; all that staff can do are actions, each with a permission of its own."""

    hidden_fields: ClassVar[tuple[str, ...]] = ()
    extra_fields: ClassVar[tuple[str, ...]] = ()

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        """Return the model's fields and the computed ones."""
        fields = [field.name for field in self.opts.fields if field.name not in self.hidden_fields]
        return [*fields, *self.extra_fields]

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        """Return all of them."""
        return self.get_fields(request, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Forbid it: the site creates the rows."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Forbid it: the rows are read-only."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Forbid it: a deleted row would leave its job and file behind, or take an alert off a member's page."""
        return False
