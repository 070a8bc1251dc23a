"""The admin site, whose rules apply to every list, also those of other packages."""

from typing import Any

from allauth.account.decorators import secure_admin_login
from django.contrib.admin import AdminSite, ModelAdmin
from django.contrib.contenttypes.models import ContentType
from django.contrib.contenttypes.views import shortcut
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, URLResolver, path
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _

from core.staff.lists import CarefulAdmin


class StaffSite(AdminSite):
    """Django's admin site, with the members' sign-in, and lists restricted to what they show."""

    site_header = site_title = _("Microblog administration")
    # The members' sign-in verifies addresses and limits attempts.
    login = method_decorator(secure_admin_login)(AdminSite.login)

    def register(
        self, model_or_iterable: Any, admin_class: type[ModelAdmin[Any]] | None = None, **options: Any
    ) -> None:
        """Register the models, adding `CarefulAdmin` to each list."""
        chosen = admin_class or ModelAdmin
        careful = type(chosen.__name__, (CarefulAdmin, chosen), {"__module__": chosen.__module__})
        super().register(model_or_iterable, careful, **options)

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """Return the sections of the index; a list can have another name than its model (`name_in_index`)."""
        sections: list[Any] = super().get_app_list(request, app_label)
        for entry in (entry for section in sections for entry in section["models"]):
            entry["name"] = getattr(self._registry[entry["model"]], "name_in_index", entry["name"])
        return sections

    def password_change(self, *_request: Any, **_context: Any) -> Any:
        """Redirect to the members' page, which limits guesses."""
        return redirect("account_change_password")

    def password_change_done(self, *_request: Any, **_context: Any) -> Any:
        """Redirect there, too: Django's form isn't used."""
        return redirect("account_change_password")

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """Return Django's URLs with our own `view_on_site`."""
        own = path("r/<int:content_type_id>/<str:object_id>/", self.admin_view(self.view_on_site), name="view_on_site")
        return [own, *(pattern for pattern in super().get_urls() if getattr(pattern, "name", "") != own.name)]

    def view_on_site(self, request: HttpRequest, content_type_id: int, object_id: str) -> HttpResponse:
        """Redirect from a row in the admin to its page; raise Http404 for a row that these staff may not see.

        Django's view accepts any row: the page of a message, for one, names both members.
        """
        model = get_object_or_404(ContentType, pk=content_type_id).model_class()
        model_admin = self._registry.get(model) if model else None
        if not (model_admin and model_admin.has_view_permission(request) and hasattr(model, "get_absolute_url")):
            raise Http404
        return shortcut(request, content_type_id, object_id)
