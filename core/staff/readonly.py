"""Read-only rows in the admin."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest


class ReadOnlyAdmin(admin.ModelAdmin[Any]):
    """Shows every field as text; all that staff can do are actions, each with a permission of its own.

    The site creates the rows. A deleted one would leave its job and file behind, or take an alert off a member's page.
    """

    hidden_fields: ClassVar[tuple[str, ...]] = ()
    extra_fields: ClassVar[tuple[str, ...]] = ()

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        """Return the model's fields and the computed ones."""
        fields = [field.name for field in self.opts.fields if field.name not in self.hidden_fields]
        return [*fields, *self.extra_fields]

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Forbid adding, changing and deleting rows."""
        return False

    has_change_permission = has_delete_permission = has_add_permission
