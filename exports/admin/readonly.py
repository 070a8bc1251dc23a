"""Rows that staff look at and never edit."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest, HttpResponse

NO_BUTTONS = {"show_save": False, "show_save_and_continue": False, "show_save_and_add_another": False}


class ReadOnlyAdmin(admin.ModelAdmin[Any]):
    """Shows every field as text; the "change" permission is what allows the actions, not editing."""

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
        """Return no: rows come from the site."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Return no: a deleted row would leave its job and its file behind."""
        return False

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the row, without buttons that would save nothing."""
        return super().changeform_view(request, object_id, form_url, {**(extra_context or {}), **NO_BUTTONS})
