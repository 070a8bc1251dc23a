"""The page of a member's tokens, and the reference of the API."""

from functools import cache
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from ninja.openapi.schema import OpenAPISchema

from accounts.models import User
from accounts.sign_in.reauthentication import require_password
from api.forms import TokenForm
from api.reference import reference
from api.v1 import api
from core.requests.rate_limits import may_save, render_form


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def tokens(request: HttpRequest) -> HttpResponse:
    """List the member's tokens; with the form (POST), make one and show its secret, this once."""
    user = cast(User, request.user)
    form = TokenForm(request.POST if request.method == "POST" else None, user=user)
    context: dict[str, Any] = {"form": form, "tokens": user.api_tokens.all()}
    if form.is_valid():
        require_password(request)
    if may_save(request, form, "change") and (made := form.save()):
        context |= {"form": TokenForm(user=user), "made": made[0], "secret": made[1]}
    return render_form(request, "api/tokens.html", context)


@require_POST
@login_required
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete one of the member's tokens."""
    get_object_or_404(cast(User, request.user).api_tokens, pk=pk).delete()
    messages.info(request, _("The token has been revoked."))
    return redirect("api:tokens")


@require_safe
def openapi(_request: HttpRequest) -> JsonResponse:
    """Return the OpenAPI document."""
    return JsonResponse(_document())


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """Show the reference, made from the OpenAPI document."""
    return render(request, "api/docs.html", reference(_document()))


@cache
def _document() -> OpenAPISchema:
    """Return the OpenAPI document. Anyone can request it, and generating it takes 60 ms."""
    return api.get_openapi_schema()
