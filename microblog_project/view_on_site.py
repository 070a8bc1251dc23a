"""From a row in the administration to its page on the site."""

from django.contrib.contenttypes.models import ContentType
from django.contrib.contenttypes.views import shortcut
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404


def view_on_site(request: HttpRequest, content_type_id: int, object_id: str) -> HttpResponse:
    """Go to the row's page; Django's own view looks for rows without a page too, and fails at some keys."""
    model = get_object_or_404(ContentType, pk=content_type_id).model_class()
    if not hasattr(model, "get_absolute_url"):
        raise Http404
    return shortcut(request, content_type_id, object_id)
